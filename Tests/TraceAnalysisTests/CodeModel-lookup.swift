@testable import TraceAnalysis

extension CodeModel {
  /// A process between its start, its execs and its end.
  final class Process {
    let from: Int64
    var until = Int64.max
    let parent: Process?
    var spaces: [CodeLayer: Space] = [:]

    init(from: Int64, parent: Process?) {
      self.from = from
      self.parent = parent
    }

    func knows(_ layer: CodeLayer) -> Bool {
      spaces[layer] != nil || parent?.knows(layer) == true
    }

    func change(
      _ layer: CodeLayer, _ options: SymbolizerOptions, _ body: (inout Space) -> Void
    ) {
      let isImages = layer == .image || layer == .runtimeImage
      let slack =
        layer == .perfMap ? options.perfMapSlackNanoseconds : options.slackNanoseconds
      body(&spaces[layer, default: Space(isImages: isImages, slack: slack)])
    }

    /// Whether the file of `image` is known to be mapped at this address.
    func maps(_ image: Life, at address: Int, _ time: Int64) -> Bool {
      guard let space = spaces[.image], space.owners[address] != CodeModel.never else {
        return parent?.maps(image, at: address, min(time, from)) ?? false
      }
      let life = space.lives[space.owners[address]]
      return life.from <= time && time < life.until && life.name == image.name && life.canName
        && life.range.lowerBound - Int(life.identity)
          == image.range.lowerBound - Int(image.identity)
    }

    /// Of all code that ever had an address: the current, the previous and the next one.
    func around(_ address: Int, _ time: Int64, _ layer: CodeLayer) -> Around {
      var found = Around(time: time)
      let lives = (spaces[layer]?.lives ?? []).filter {
        $0.counts && $0.range.contains(address)
      }
      for life in lives where life.from <= time {
        // The latest to begin counts; of two, the one announced later.
        if found.last.map({ $0.from <= life.from }) ?? true { found.last = life }
      }
      for life in lives where life.from > time {
        guard let next = found.next else {
          found.next = life
          continue
        }
        // Code that begins at the time at which a place is emptied comes after that.
        if life.from < next.from || (life.from == next.from && next.isEmptyPlace) {
          found.next = life
        }
      }
      guard found.last == nil, let parent else { return found }
      // If it has no code of its own there, or only later, the inherited code counts. Code that the
      // parent gets after the fork is only the parent's, unless it may have had it before.
      let inherited = parent.around(address, min(time, from), layer)
      found.last = inherited.last
      found.lastJudgedAt = inherited.lastJudgedAt
      found.maybe = inherited.maybe
      if time >= from, let next = inherited.next, next.canName, next.doubt > 0,
        next.from - next.doubt <= from, next.formerEnd <= from
      {
        found.maybe = next
      }
      return found
    }
  }

  struct Around {
    var last: Life?
    var lastJudgedAt: Int64
    var next: Life?
    var maybe: Life?
    var time: Int64

    init(time: Int64) { (self.time, lastJudgedAt) = (time, time) }

    var exact: Life? { last.flatMap { $0.until > lastJudgedAt ? $0 : nil } }
    var before: Life? { exact == nil ? last : nil }
    /// Whether the next announcement can be that of the code that was there.
    var isFreeUntilNext: Bool { next.map { $0.canName && $0.formerEnd <= time } ?? false }
  }

  enum Answer: Equatable {
    case code(UInt32, isLate: Bool, isUncertain: Bool)
    case image(UInt32, isLate: Bool)
    case nothing(UnresolvedReason)
  }

  static func answer(
    _ process: Process?, _ address: Int, _ time: Int64, _ options: SymbolizerOptions
  ) -> Answer {
    guard let process else { return .nothing(.neverAnnounced) }
    func named(
      _ life: Life, _ layer: CodeLayer, isLate: Bool = false, isUncertain: Bool = false
    ) -> Answer {
      layer == .image || layer == .runtimeImage
        ? .image(life.name, isLate: isLate)
        : .code(life.name, isLate: isLate, isUncertain: isUncertain)
    }
    var gaps: [(layer: CodeLayer, around: Around)] = []
    for layer in [CodeLayer.jitdump, .provider, .perfMap, .image, .runtimeImage] {
      let around = process.around(address, time, layer)
      guard let life = around.exact else {
        if let last = around.before, last.isDoubted {
          return named(last, layer, isUncertain: true)
        }
        gaps.append((layer, around))
        continue
      }
      guard life.isAnonymous else {
        let isUncertain = life.endDoubt > 0 && life.until - life.endDoubt <= around.lastJudgedAt
        return named(life, layer, isUncertain: isUncertain)
      }
      // Memory without a file: a mapping from a runtime is not required.
      break
    }
    let edge = options.clockEdgeNanoseconds
    for (layer, around) in gaps {
      let ago = around.before.flatMap { $0.canName ? time - $0.until : nil } ?? .max
      let ahead = around.next.flatMap { $0.canName ? $0.from - around.time : nil } ?? .max
      if ago <= edge, ago <= ahead { return named(around.before!, layer) }
      if ahead <= edge { return named(around.next!, layer) }
    }
    for (layer, around) in gaps {
      let slack =
        layer == .perfMap ? options.perfMapSlackNanoseconds : options.slackNanoseconds
      if around.isFreeUntilNext, around.next!.from - around.time <= slack {
        return named(around.next!, layer, isLate: true)
      }
      if let maybe = around.maybe { return named(maybe, layer, isLate: true, isUncertain: true) }
    }
    var hadSomebody = false
    for (_, around) in gaps {
      if around.isFreeUntilNext { return .nothing(.announcedTooLate) }
      if around.before != nil { hadSomebody = true }
    }
    return .nothing(hadSomebody ? .unloaded : .neverAnnounced)
  }
}
