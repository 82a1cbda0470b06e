internal import TraceFormat

/// Finds what happened during the slowest requests, in runs over the events in their times.
///
/// What a run has found of a request is kept, so that a growing file is read again only for
/// requests that have become the slowest.
final class RequestSplits {
  /// A request whose start and stop are of one thread.
  struct Key: Hashable {
    let pid: UInt32
    let thread: UInt32
    let start: Int64
    let duration: UInt64
    /// Several requests of a thread may begin and end together.
    let id: String

    init?(_ request: RequestReport.Request, pid: UInt32) {
      guard request.startThread == request.stopThread else { return nil }
      (self.pid, thread, id) = (pid, request.startThread, request.id)
      (start, duration) = (request.start_ns, request.duration_ns)
    }
  }

  private var known: [Key: RequestReport.Split] = [:]

  /// Completes the requests of `processes`.
  func add(to processes: inout [RequestReport.Process], _ file: TraceFile) throws {
    let keys = processes.flatMap { process in
      process.slowest.compactMap { Key($0, pid: process.pid) }
    }
    let old = known
    known = [:]
    for key in keys { known[key] = old[key] }
    let new = Set(keys).filter { known[$0] == nil }
    if !new.isEmpty {
      let spans = RequestSpans(new, file)
      try file.run(spans)
      known.merge(spans.finish()) { $1 }
    }
    for index in processes.indices {
      for position in processes[index].slowest.indices {
        let key = Key(processes[index].slowest[position], pid: processes[index].pid)
        guard let split = key.flatMap({ known[$0] }) else { continue }
        processes[index].slowest[position].split = split
      }
    }
  }
}
