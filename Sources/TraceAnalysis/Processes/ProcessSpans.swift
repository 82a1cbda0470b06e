internal import TraceFormat

/// The times for which a trace covers its processes.
struct ProcessSpans {
  private let file: TraceFile
  /// From the trace's first event to its last, within the selected time.
  private let whole: ClosedRange<Int64>
  private let isOverwritten: Bool

  /// The time that a trace covers of a process.
  struct Span {
    var from: Int64
    var to: Int64
    /// Whether the process ended before the trace did.
    var hasEnded: Bool
  }

  init(_ file: TraceFile, _ selection: ClosedRange<Int64>?) {
    self.file = file
    let ticks = file.ticksRange ?? 0...0
    let first = file.timestamp(ofTicks: ticks.lowerBound)
    let last = file.timestamp(ofTicks: ticks.upperBound)
    let from = max(first, selection?.lowerBound ?? .min)
    whole = from...max(from, min(last, selection?.upperBound ?? .max))
    isOverwritten = file.lossTotals.contains { $0.cause == .overwritten && $0.count > 0 }
  }

  /// Returns the time covered of a process; where older events were overwritten, only from its
  /// first event on.
  func span(ofProcess index: UInt32, firstEvent: Int64) -> Span {
    let record = file.process(index: index)
    let joined = record.map { file.timestamp(ofTicks: $0.joinTicks) } ?? .min
    let ended = record?.endTicks.map(file.timestamp(ofTicks:))
    // An event may be earlier than the process's connection is noticed.
    let begin = isOverwritten ? firstEvent : min(joined, firstEvent)
    let from = min(max(whole.lowerBound, begin), whole.upperBound)
    return Span(
      from: from, to: max(from, min(whole.upperBound, ended ?? .max)), hasEnded: ended != nil)
  }
}
