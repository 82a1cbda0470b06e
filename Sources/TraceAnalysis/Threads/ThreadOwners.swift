internal import TraceFormat

/// The processes of a trace's threads, and the threads' names.
struct ThreadOwners {
  private let file: TraceFile
  private let history: ProcessHistory
  private let names: ThreadNames
  /// Processes by the trace's number.
  private var resolved: [UInt32: ResolvedProcess] = [:]

  init(_ file: TraceFile, _ history: ProcessHistory, _ names: ThreadNames) {
    (self.file, self.history, self.names) = (file, history, names)
  }

  /// Returns the process with a number, as it was when it was first asked for.
  mutating func process(_ index: UInt32, at time: Int64) -> ResolvedProcess {
    if let known = resolved[index] { return known }
    let process = history.process(file.process(index: index)?.pid ?? 0, at: time)
    resolved[index] = process
    return process
  }

  /// Returns the name of a followed thread; empty if it is not known.
  mutating func name(of track: ThreadTrack) -> String {
    let process = process(track.processIndex, at: track.firstEvent)
    let last = track.until ?? track.since
    return names.name(of: track.tid, pid: process.pid, at: last).name
      ?? (track.tid == process.pid ? process.name : "")
  }

  /// Returns the name that any thread had at a time, and its process's id.
  func named(_ tid: UInt32, ofProcess index: UInt32, at time: Int64) -> (name: String, pid: UInt32)
  {
    let pid = file.process(index: index)?.pid ?? 0
    let owner = history.process(pid, at: time)
    let name =
      names.name(of: tid, pid: pid, at: time).name ?? names.name(of: tid, in: owner)
      ?? (tid == pid && pid != 0 ? owner.name : "")
    return (name, pid)
  }
}
