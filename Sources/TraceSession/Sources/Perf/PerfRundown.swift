import OSStrings
import TraceControl
import TraceEvents
import TraceFormat

/// What runs already when a session begins, told as events with the rundown flag.
extension PerfTranslator {
  /// Threads of a process that are named one by one.
  static let threadsNamedMax = 4096

  /// Tells of a process, its threads and the code it has mapped. What cannot be read is left out.
  func rundown(of pid: UInt32, atNanoseconds now: UInt64) {
    // One that has ended, and was not waited for, is in /proc still.
    guard !processes.hasEnded(pid), processes.admits(pid),
      let name = ProcFiles.name(of: pid, thread: pid)
    else { return }
    let parent = ProcessIdentity(procName: "\(pid)").parentPID
    var moment = moment(atNanoseconds: now, tid: pid, flags: .rundown)
    let process = index(of: pid, name: name, moment)
    emit(ProcessStart(parentPID: parent, name: name), pid: pid, moment)
    let threads = ProcFiles.threads(of: pid).map { UInt32($0) }
    processes.setThreads(of: pid, max(1, threads.count))
    for thread in threads.prefix(Self.threadsNamedMax) where thread != pid {
      moment.tid = thread
      emit(
        ThreadStart(name: ProcFiles.name(of: pid, thread: thread) ?? ""), pid: pid, moment)
    }
    moment.tid = pid
    ProcessMaps.read(pid: pid) { map in
      codeFiles.found(map, pid: pid, process: process, atTicks: moment.ticks)
      guard map.isCode else { return }
      let image = map.image(of: pid, images, isRundown: true)
      let mapping = RemappedText.Mapping(image: image, code: CodeMapping(map))
      _ = remappedText.map(mapping, pid: pid, images)
      emit(image, pid: pid, moment)
    }
  }
}

extension ProcessMap {
  /// A file's code, the kernel's in every process, or what announces a runtime's jitdump: not the
  /// runtime's memory itself, which has names only from its own announcements.
  var isCode: Bool {
    let kind = name.kind
    return isExecutable && (isFile || kind == .vdso) || kind.isJitdump
  }
}
