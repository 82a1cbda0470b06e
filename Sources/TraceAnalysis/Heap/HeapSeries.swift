/// How the bytes in use changed in equal parts of a time.
///
/// - Guarantee: at most ``partsMax`` parts, of the shortest length of 1, 2, 4 … ms that covers the
///   time.
struct HeapSeries {
  static let partsMax = 32

  private(set) var step_ns: Int64 = 1_000_000
  private var changes: [Double] = []

  /// - Parameter offset: nanoseconds since the beginning of the first part.
  mutating func add(_ bytes: Double, at offset: Int64) {
    changes[part(of: offset)] += bytes
  }

  /// Makes the parts cover a time.
  mutating func extend(to offset: Int64) { _ = part(of: offset) }

  /// Adds the changes of a series with the same beginning.
  mutating func merge(_ other: HeapSeries) {
    var other = other
    while step_ns < other.step_ns { halve() }
    while other.step_ns < step_ns { other.halve() }
    while changes.count < other.changes.count { changes.append(0) }
    for (index, change) in other.changes.enumerated() { changes[index] += change }
  }

  /// How closely the growth follows a straight line: 1 if it does; 0 if it differs by all of the
  /// growth, as after a single step at the beginning or the end, or if nothing grew.
  var steadiness: Double {
    let growth = changes.reduce(0, +)
    guard growth > 0, changes.count >= 4 else { return 0 }
    var level = 0.0
    var farthest = 0.0
    for (index, change) in changes.enumerated() {
      level += change
      let straight = growth * Double(index + 1) / Double(changes.count)
      farthest = max(farthest, (level - straight).magnitude)
    }
    return min(max(1 - farthest / growth, 0), 1)
  }

  private mutating func part(of offset: Int64) -> Int {
    let offset = max(0, offset)
    while offset / step_ns >= Int64(Self.partsMax), step_ns <= Int64.max / 4 { halve() }
    let part = min(Int(offset / step_ns), Self.partsMax - 1)
    while changes.count <= part { changes.append(0) }
    return part
  }

  private mutating func halve() {
    step_ns *= 2
    changes = stride(from: 0, to: changes.count, by: 2).map {
      changes[$0] + ($0 + 1 < changes.count ? changes[$0 + 1] : 0)
    }
  }
}
