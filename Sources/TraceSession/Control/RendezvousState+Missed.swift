import CTraceShims
import TraceControl
import TraceEvents
import TraceFormat

/// Handles events that processes emitted but that reached no buffer.
extension RendezvousState {
  /// A lower bound of the time that a process needs to emit an event.
  private static let eventNanosecondsMin: UInt64 = 1

  /// Records the loss that a process reports, limited to the number of events that it can have
  /// emitted since the session began.
  mutating func countMissed(_ count: UInt64, _ reason: MissedReason, _ link: ProcessLink) {
    let elapsed = trace_monotonic_ns() &- startNanoseconds
    let possible = elapsed / Self.eventNanosecondsMin * UInt64(BufferSets.cpuCount)
    let believed = min(count, possible &- min(possible, link.missedCount))
    guard believed > 0 else { return }
    link.missedCount += believed
    let cause: LossCause = reason == .tooEarly ? .tooEarly : .undescribed
    sink?.lost(believed, cause, process: link.slot)
  }

  /// A process that ended before it received its grants may have emitted events without any other
  /// trace of it.
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
