import CTraceShims
import TraceControl
import TraceEvents
import TraceFormat

/// Events that processes emitted and that reached no buffer.
extension RendezvousState {
  /// A process's fastest event takes longer than this, whatever it says.
  private static let eventNanosecondsMin: UInt64 = 1

  /// Records the loss that a process tells of; what it cannot have emitted since the session began
  /// is not believed.
  mutating func countMissed(_ count: UInt64, _ reason: MissedReason, _ link: ProcessLink) {
    let elapsed = trace_monotonic_ns() &- startNanoseconds
    let possible = elapsed / Self.eventNanosecondsMin * UInt64(BufferSets.cpuCount)
    let believed = min(count, possible &- min(possible, link.missedCount))
    guard believed > 0 else { return }
    link.missedCount += believed
    let cause: LossCause = reason == .tooEarly ? .tooEarly : .undescribed
    sink?.lost(believed, cause, process: link.slot)
  }

  /// A process that has gone before it had what it was granted may have emitted without a trace of
  /// it.
  mutating func noteUnconfirmed(_ link: ProcessLink) {
    guard !isStopping, link.slot != nil else { return }
    let names = link.unconfirmed.sorted()
      .filter {
        !link.confirmed.contains($0) && table.wanted(of: link.conversation.providers[$0]) != nil
      }
      .map { "'\(link.conversation.providers[$0].name)'" }
    guard !names.isEmpty else { return }
    note(
      "it ended before \(names.joined(separator: ", ")) was enabled; its events until then "
        + "are not in the trace", link)
  }
}
