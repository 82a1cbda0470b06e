internal import TraceEvents
internal import TraceFormat

/// The processes that already run when a session begins, as events with the rundown flag.
extension PerfTranslator {
  /// Maximum number of threads reported for one process.
  public static let threadsNamedMax = 4096

  /// Reports a process, its threads and its mapped code. Unknown facts are left out.
  public func rundown(of pid: UInt32, atNanoseconds now: UInt64) {
    // A process that has ended but was not waited for is still in /proc.
    guard !processes.hasEnded(pid), processes.admits(pid),
      let name = facts.name(of: pid, thread: pid)
    else { return }
    let parent = facts.process(pid, at: now)?.parentPID ?? 0
    var moment = moment(atNanoseconds: now, tid: pid, flags: .rundown)
    let process = index(of: pid, name: name, moment)
    emit(ProcessStart(parentPID: parent, name: name), pid: pid, moment)
    knowThread(pid)
    let threads = facts.threads(of: pid)
    processes.setThreads(of: pid, max(1, threads.count))
    for thread in threads.prefix(Self.threadsNamedMax) where thread != pid {
      moment.tid = thread
      knowThread(thread)
      emit(
        ThreadStart(name: facts.name(of: pid, thread: thread) ?? ""), pid: pid, moment)
    }
    moment.tid = pid
    facts.forEachMap(of: pid) { map in
      runtimeCode?.found(map, pid: pid, process: process, atTicks: moment.ticks)
      guard map.isCode else { return }
      var image = map.image
      image.buildID = facts.buildID(of: image, in: pid, mappedAt: nil)
      _ = remappedText.map(RemappedText.Mapping(image: image), pid: pid, facts)
      emit(image, pid: pid, moment)
    }
  }
}
