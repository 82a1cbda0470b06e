internal import CTraceShims
internal import Glibc
internal import TraceExport
internal import TraceFormat

/// `block` and `mutex`: where threads waited for locks, and which holders made them wait, since the
/// program's start.
enum LockEndpoint {
  /// The two profiles.
  enum Kind: String {
    case block
    case mutex

    fileprivate var profile: trace_lock_profile {
      self == .block ? TRACE_LOCK_BLOCK : TRACE_LOCK_MUTEX
    }

    fileprivate var missing: PprofRefusal {
      LockWaits.missing(
        self == .block
          ? "The time that threads wait for locks" : "The time that holders make others wait")
    }
  }

  struct Parameters {
    var kind: Kind
    var isText: Bool
    /// Nil for everything since the program's start.
    var delta: DeltaTime?

    init(_ kind: Kind, _ query: PprofQuery, _ options: PprofOptions) throws(PprofRefusal) {
      self.kind = kind
      isText = try query.number("debug", in: 0...1, default: 0) == 1
      delta = try DeltaTime(query, options)
    }
  }

  static func answer(
    _ parameters: Parameters, _ cancellation: Cancellation
  ) throws(PprofRefusal) -> PprofResponse {
    let (kind, start) = (parameters.kind, ClockSync.now(.monotonic).realtimeNanoseconds)
    guard var amounts = LockWaits.amounts(kind.profile) else { throw kind.missing }
    var heading = PprofHeading(
      types: [.init("contentions", "count"), .init("delay", "nanoseconds")],
      period: (.init("contentions", "count"), 1), start_ns: Int64(clamping: start), duration_ns: 0)
    if let delta = parameters.delta {
      heading.duration_ns = try delta.wait(cancellation)
      let before = amounts
      amounts = LockWaits.amounts(kind.profile) ?? [:]
      for (stack, amount) in before {
        guard let now = amounts[stack] else { continue }
        amounts[stack] = LockAmount(
          count: now.count - amount.count,
          total_ns: now.total_ns &- min(amount.total_ns, now.total_ns))
      }
    }
    let rows = amounts.filter { $0.value.values != [0, 0] }
      .sorted { $0.value.total_ns > $1.value.total_ns }
    do {
      let stacks = try NumberedStacks(naming: rows.map(\.key), areCalls: true)
      if parameters.isText {
        return PprofResponse(text: text(kind, rows.map { ($0.key, $0.value) }, stacks))
      }
      let samples = rows.enumerated().map { index, row in
        PprofStacks.Sample(node: stacks.node(UInt32(index + 1)), values: row.value.values)
      }
      let bytes = PprofBytes.make(stacks.profile, heading, samples)
      let suffix = parameters.delta == nil ? "" : "-delta"
      return PprofResponse(file: kind.rawValue + suffix, PprofBody(bytes))
    } catch {
      throw PprofRefusal(500, "The profile cannot be made: \(error).")
    }
  }

  /// Go's text; a cycle is a nanosecond.
  private static func text(
    _ kind: Kind, _ rows: [(stack: [UInt64], amount: LockAmount)], _ stacks: NumberedStacks
  ) -> String {
    var text = kind == .block ? "--- contention:\n" : "--- mutex:\n"
    text += "cycles/second=1000000000\n"
    if kind == .mutex { text += "sampling period=1\n" }
    let lines = StackLines(stacks.profile)
    for (index, row) in rows.enumerated() {
      text += "\(row.amount.values[1]) \(row.amount.values[0]) @"
      for address in row.stack { text += " 0x" + String(address, radix: 16) }
      text += "\n" + lines.named(stacks.frames(UInt32(index + 1)), at: row.stack) + "\n"
    }
    return text
  }
}
