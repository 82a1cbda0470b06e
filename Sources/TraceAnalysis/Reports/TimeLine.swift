/// Numbers of events in equal parts of a time.
///
/// - Guarantee: the parts begin at the selected time, or the trace's start. Each is 1, 2, 4, 8 …
///   milliseconds long, the shortest length of which ``partsMax`` cover the time.
/// - Cost: 8 bytes for each part.
public struct TimeLine: Hashable, Sendable {
  /// Maximum number of parts.
  public static let partsMax = 64
  private static let shortest_ns: Int64 = 1_000_000

  public private(set) var from_ns: Int64
  /// The length of a part.
  public private(set) var step_ns = shortest_ns
  public private(set) var counts: [UInt64] = []

  /// - Parameter from_ns: the beginning of the first part; earlier events count there.
  init(from_ns: Int64) { self.from_ns = from_ns }

  /// Counts an event.
  mutating func add(at time: Int64) {
    let part = part(of: time)
    counts[part] += 1
  }

  /// Makes the parts cover a time.
  mutating func extend(to time: Int64) { _ = part(of: time) }

  /// The sum of all parts.
  public var total: UInt64 { counts.reduce(0) { $0.addingClamped($1) } }

  private mutating func part(of time: Int64) -> Int {
    let offset = max(0, time.subtractingClamped(from_ns))
    while offset / step_ns >= Int64(Self.partsMax), step_ns <= Int64.max / 4 {
      step_ns *= 2
      counts = stride(from: 0, to: counts.count, by: 2).map {
        counts[$0] + ($0 + 1 < counts.count ? counts[$0 + 1] : 0)
      }
    }
    let part = min(Int(offset / step_ns), Self.partsMax - 1)
    while counts.count <= part { counts.append(0) }
    return part
  }
}
