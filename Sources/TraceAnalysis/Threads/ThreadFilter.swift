internal import TraceFormat

/// The threads that a report follows, and the time that it covers.
///
/// What is left out takes no memory, so that it cannot exhaust the limits of what is reported.
struct ThreadFilter {
  /// Nanoseconds since the trace's start, both ends included; nil for the whole trace.
  var time: ClosedRange<Int64>?
  /// Process and thread ids; nil for all.
  var pids: Set<UInt32>?
  var tids: Set<UInt32>?
  /// Nil admits all processes.
  private var choice: ProcessChoice?

  init() {}

  /// - Parameter processes: a subscribed pass.
  init(_ selection: ReportSelection, _ processes: Processes) {
    time = selection.time
    choice = ProcessChoice(selection, processes)
  }

  /// - Parameter processes: a subscribed pass.
  init(_ selection: StackSelection, _ processes: Processes) {
    time = selection.filter.time
    pids = selection.filter.pids
    tids = selection.filter.tids
    choice = selection.admits.map { ProcessChoice(admits: $0, processes) }
  }

  /// Returns whether the event's thread is followed.
  func admits(_ header: EventHeader) -> Bool {
    guard pids?.contains(header.pid) ?? true, tids?.contains(header.tid) ?? true else {
      return false
    }
    return choice?.mayAdmit(header) ?? true
  }
}
