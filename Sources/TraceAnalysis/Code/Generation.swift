/// Sources of a process's address map, in order of precedence.
enum CodeLayer: Int, CaseIterable {
  case jitdump
  case provider
  case perfMap
  /// Mappings reported by the kernel.
  case image
  /// Mappings reported by a runtime.
  case runtimeImage

  /// Layers of code compiled at run time.
  static let compiled = 0..<3
  static let images = 3..<5
  static let count = 5

  var isImage: Bool { self == .image || self == .runtimeImage }
}

/// One lifetime of a process's address space, delimited by fork, exec and exit.
final class Generation {
  let number: UInt32
  let pid: UInt32
  private(set) var from: Int64
  /// First nanosecond after the lifetime; .max while it lasts.
  var until = Int64.max
  /// Name of the program, according to events.
  var name: String?
  /// Generation whose addresses were inherited, as they were at `from`.
  let parent: Generation?
  /// Number of ancestors.
  private let depth: Int
  // Complete before several threads read it; exclusivity checks would cost a tenth of a lookup.
  @exclusivity(unchecked)
  private(set) var spaces: [CodeSpace?] = Array(repeating: nil, count: CodeLayer.count)

  /// Maximum number of ancestors searched.
  private static let depthMax = 64

  init(number: UInt32, pid: UInt32, from: Int64, parent: Generation? = nil) {
    self.number = number
    self.pid = pid
    self.from = from
    var parent = parent
    // Beyond the limit, ancestors without data of their own so far are skipped.
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

  /// Time at which the parent's addresses were inherited, if different from `from`.
  private var inheritedAt: Int64?
  var forkTime: Int64 { inheritedAt ?? from }

  private struct Child {
    weak var generation: Generation?
  }

  /// Generations that inherited this one's addresses.
  private var children: [Child] = []

  /// Times at which the children that still exist inherited this one's addresses, ascending.
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

  /// Whether the source has announced anything in this generation or an ancestor.
  func knows(_ layer: CodeLayer) -> Bool {
    spaces[layer.rawValue] != nil || parent?.knows(layer) == true
  }

  /// Returns this generation's own neighbors at an address or, if there are none, the inherited
  /// ones.
  ///
  /// What its parent announces after the fork belongs to the parent alone. If it is unknown whether
  /// code was loaded before or after the fork, it may belong to this generation too.
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

  /// Rows are shared by all processes.
  private func row(_ number: UInt32) -> CodeRow? {
    spaces.lazy.compactMap { $0?.rows }.first.map { $0[Int(number)] } ?? parent?.row(number)
  }

  /// Returns the parts of a file's mapping that the same file had not already mapped at these
  /// places.
  ///
  /// - Cost: one step per overlapping piece of the image space, at most
  ///   ``CodeSpace/outOfOrderMax``; anything after those counts as new.
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

  /// Like ``CodeSpace/takeChange()``, over all sources.
  func takeChange() -> SpaceChange {
    var change = SpaceChange()
    for case let space? in spaces { change.add(space.takeChange()) }
    return change
  }

  func seal() {
    for space in spaces { space?.seal() }
  }

  var memoryBytes: Int { spaces.reduce(0) { $0 + ($1?.memoryBytes ?? 0) } }
}

extension CodeRow {
  /// Whether the row maps the same file contents as `image` at the time, byte for byte.
  fileprivate func maps(_ image: CodeAnnouncement, at time: Int64) -> Bool {
    from <= time && time < until && symbol == image.symbol && isNamed
      && start &- identity == image.start &- image.identity
  }
}
