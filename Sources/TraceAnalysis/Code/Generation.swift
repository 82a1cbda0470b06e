/// The sources that a process's addresses are known from, in the order they are asked.
enum CodeLayer: Int, CaseIterable {
  case jitdump
  case provider
  case perfMap
  /// What the kernel says is mapped.
  case image
  /// What a runtime says is mapped.
  case runtimeImage

  /// Layers of code that was compiled at run time.
  static let compiled = 0..<3
  static let images = 3..<5
  static let count = 5

  var isImage: Bool { self == .image || self == .runtimeImage }
}

/// A process between its fork, its execs and its end: one life of its address space.
final class Generation {
  let number: UInt32
  let pid: UInt32
  private(set) var from: Int64
  /// First nanosecond after it; .max while it lives.
  var until = Int64.max
  /// The program's, as events tell it.
  var name: String?
  /// Whose addresses it began with, as they were at `from`.
  let parent: Generation?
  /// How many generations back that goes.
  private let depth: Int
  private(set) var spaces: [CodeSpace?] = Array(repeating: nil, count: CodeLayer.count)

  /// Ancestors that are asked.
  private static let depthMax = 64

  init(number: UInt32, pid: UInt32, from: Int64, parent: Generation? = nil) {
    self.number = number
    self.pid = pid
    self.from = from
    var parent = parent
    // Beyond the limit, those that have nothing of their own so far are passed over.
    while let known = parent, known.depth + 1 >= Self.depthMax, let grandparent = known.parent,
      known.spaces.allSatisfy({ $0 == nil }), known.from <= from
    {
      self.inheritedAt = min(self.inheritedAt ?? known.from, known.from)
      parent = grandparent
    }
    if let known = parent, known.depth + 1 >= Self.depthMax { parent = nil }
    self.parent = parent
    depth = (parent?.depth ?? -1) + 1
    parent?.children.append(Child(generation: self))
  }

  /// When the parent's addresses were taken over, if that was not at `from`.
  private var inheritedAt: Int64?
  var forkTime: Int64 { inheritedAt ?? from }

  private struct Child {
    weak var generation: Generation?
  }

  /// Who began with this one's addresses.
  private var children: [Child] = []

  /// When those who began with this one's addresses, and are still known, did: ascending.
  func forkTimes() -> [Int64] {
    children.removeAll { $0.generation == nil }
    return children.compactMap { $0.generation?.forkTime }.sorted()
  }

  func covers(_ time: Int64) -> Bool { from <= time && time < until }

  func space(_ layer: CodeLayer) -> CodeSpace? { spaces[layer.rawValue] }

  func space(
    _ layer: CodeLayer, rows: Slab<CodeRow>, slack: Int64, isLive: Bool = false
  ) -> CodeSpace {
    if let known = spaces[layer.rawValue] { return known }
    let space = CodeSpace(
      rows: rows, rules: .init(endsWhole: !layer.isImage, slack: slack), isLive: isLive)
    spaces[layer.rawValue] = space
    return space
  }

  /// Whether it or an ancestor was told anything by a source.
  func knows(_ layer: CodeLayer) -> Bool {
    spaces[layer.rawValue] != nil || parent?.knows(layer) == true
  }

  /// Its own neighbours at an address, or where it has none, those that it began with.
  ///
  /// What its parent announces after the fork is the parent's alone. Where it is not known on which
  /// side of the fork that was, it may be this one's.
  func neighbours(of address: UInt64, at time: Int64, layer: Int) -> Neighbours {
    var found = spaces[layer]?.neighbours(of: address, at: time) ?? Neighbours(time: time)
    guard found.exact == CodeRow.none, found.before == CodeRow.none, let parent else {
      return found
    }
    let inherited = parent.neighbours(of: address, at: min(time, forkTime), layer: layer)
    found.exact = inherited.exact
    found.before = inherited.before
    (found.time, found.maybe) = (inherited.time, inherited.maybe)
    if inherited.after != CodeRow.none, time >= forkTime,
      let row = parent.row(inherited.after), row.isNamed, row.beginDoubt > 0,
      row.earliest <= forkTime, row.formerEnd <= forkTime
    {
      found.maybe = inherited.after
    }
    return found
  }

  /// All processes have the same rows.
  private func row(_ number: UInt32) -> CodeRow? {
    spaces.lazy.compactMap { $0?.rows }.first.map { $0[Int(number)] } ?? parent?.row(number)
  }

  /// The parts of a file's mapping that this file did not have at these places already.
  ///
  /// - Cost: a step for each piece of the image space that it overlaps, of at most
  ///   ``CodeSpace/outOfOrderMax``; what lies behind those counts as new.
  func newlyMapped(_ image: CodeAnnouncement, at time: Int64) -> [Range<UInt64>] {
    guard image.start < image.end else { return [] }
    var parts: [Range<UInt64>] = []
    collectNew(image.start..<image.end, of: image, at: time, &parts)
    var merged: [Range<UInt64>] = []
    for part in parts {
      if let last = merged.last, last.upperBound == part.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<part.upperBound
      } else {
        merged.append(part)
      }
    }
    return merged
  }

  private func collectNew(
    _ range: Range<UInt64>, of image: CodeAnnouncement, at time: Int64,
    _ parts: inout [Range<UInt64>]
  ) {
    var next = range.lowerBound
    let space = spaces[CodeLayer.image.rawValue]
    var visited = 0
    space?.pieces.forEach(from: range.lowerBound, to: range.upperBound) { piece in
      visited += 1
      let covered = max(piece.start, range.lowerBound)..<min(piece.end, range.upperBound)
      if next < covered.lowerBound {
        collectInherited(next..<covered.lowerBound, of: image, at: time, &parts)
      }
      next = covered.upperBound
      let row = space!.rows[Int(piece.row)]
      if !row.maps(image, at: time) { parts.append(covered) }
      return visited < CodeSpace.outOfOrderMax
    }
    guard next < range.upperBound else { return }
    let rest = next..<range.upperBound
    if visited < CodeSpace.outOfOrderMax {
      collectInherited(rest, of: image, at: time, &parts)
    } else {
      parts.append(rest)
    }
  }

  private func collectInherited(
    _ range: Range<UInt64>, of image: CodeAnnouncement, at time: Int64,
    _ parts: inout [Range<UInt64>]
  ) {
    guard let parent else { return parts.append(range) }
    parent.collectNew(range, of: image, at: min(time, forkTime), &parts)
  }

  /// As ``CodeSpace/takeChange()``, of all sources.
  func takeChange() -> Int64 {
    spaces.reduce(.max) { min($0, $1?.takeChange() ?? .max) }
  }

  func seal() {
    for space in spaces { space?.seal() }
  }

  var memoryBytes: Int { spaces.reduce(0) { $0 + ($1?.memoryBytes ?? 0) } }
}

extension CodeRow {
  /// Whether it shows the same file as `image` does, byte for byte, at the time.
  fileprivate func maps(_ image: CodeAnnouncement, at time: Int64) -> Bool {
    from <= time && time < until && symbol == image.symbol && isNamed
      && start &- identity == image.start &- image.identity
  }
}
