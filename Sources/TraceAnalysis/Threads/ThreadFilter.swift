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
  /// Returning false excludes a process; nil admits all.
  var admitsProcess: ((ResolvedProcess) -> Bool)?
  /// The processes of the whole trace, for ``admitsProcess``.
  private var processes = ProcessHistory()
  /// Answers by the trace's number of a process.
  private var known: [UInt32: Bool] = [:]

  init() {}

  init(_ selection: ReportSelection) {
    time = selection.time
    pids = selection.pids
    if !selection.processes.isEmpty { admitsProcess = selection.processes.admits }
  }

  init(_ selection: StackSelection) {
    time = selection.filter.time
    pids = selection.filter.pids
    tids = selection.filter.tids
    admitsProcess = selection.admits
  }

  /// Prepares for a trace: a process may get its name later than its threads begin, so this reads
  /// the blocks with process events if names are needed.
  mutating func prepare(for file: TraceFile) throws {
    guard admitsProcess != nil else { return }
    let pass = Processes(file)
    try file.run(pass)
    processes = pass.finish()
  }

  /// Returns whether the event's thread is followed.
  mutating func admits(_ header: EventHeader) -> Bool {
    guard pids?.contains(header.pid) ?? true, tids?.contains(header.tid) ?? true else {
      return false
    }
    guard let admitsProcess else { return true }
    if let answer = known[header.processIndex] { return answer }
    let answer = admitsProcess(processes.process(header.pid, at: header.timestamp))
    known[header.processIndex] = answer
    return answer
  }
}
