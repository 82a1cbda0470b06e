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

  /// Ancestors that are asked: a process that only forks has its parent's, so real ones are few.
  private static let depthMax = 32

  init(number: UInt32, pid: UInt32, from: Int64, parent: Generation? = nil) {
    self.number = number
    self.pid = pid
    self.from = from
    var parent = parent
    // What has nothing of its own need not be asked.
    while let known = parent, known.spaces.allSatisfy({ $0 == nil }), known.from <= from,
      let grandparent = known.parent
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
  func neighbours(of address: UInt64, at time: Int64, layer: Int) -> Neighbours {
    var found = spaces[layer]?.neighbours(of: address, at: time) ?? Neighbours(time: time)
    guard found.exact == CodeRow.none, found.before == CodeRow.none, let parent else {
      return found
    }
    let inherited = parent.neighbours(of: address, at: min(time, forkTime), layer: layer)
    found.exact = inherited.exact
    found.before = inherited.before
    // What it began with ends with what it has of its own.
    guard inherited.exact == CodeRow.none || found.after == CodeRow.none else { return found }
    found.isOfTheMoment =
      inherited.isOfTheMoment || (found.after != CodeRow.none && inherited.after != CodeRow.none)
    // Who comes next is whoever comes sooner: of the parent's, after the fork.
    if inherited.after != CodeRow.none,
      let rows, rows.ahead(of: inherited) < rows.ahead(of: found)
    {
      found.after = inherited.after
      found.time = inherited.time
    }
    return found
  }

  /// All processes have the same.
  private var rows: Slab<CodeRow>? {
    spaces.lazy.compactMap { $0?.rows }.first ?? parent?.rows
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

extension Slab<CodeRow> {
  /// How long after the time that it is judged by the next one comes.
  fileprivate func ahead(of found: Neighbours) -> Int64 {
    found.after == CodeRow.none ? .max : self[Int(found.after)].from.distance(after: found.time)
  }
}
