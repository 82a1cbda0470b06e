import TraceEvents
import TraceFormat

/// Records of processes that have ended.
///
/// They change neither the current owner of a pid nor the current mappings.
extension PerfTranslator {
  /// Handles a record of an ended process; false if it belongs to another process.
  func takeAfterEnd(_ record: PerfRecord, pid: UInt32, _ moment: Moment) -> Bool {
    guard let (subject, mayLeave) = Self.subject(of: record, pid),
      let ended = processes.ended(subject, at: moment.nanoseconds, mayLeave: mayLeave)
    else { return false }
    // An admitted process has had a number since its first record.
    if ended.process.isAdmitted, let process = ended.process.index {
      take(record, of: subject, process, name: ended.process.name, moment)
    }
    return true
  }

  /// The process that a record concerns, and whether the record can concern an ended thread: a
  /// thread still runs in the kernel after its end, but does not map, rename or fork.
  private static func subject(
    of record: PerfRecord, _ pid: UInt32
  ) -> (pid: UInt32, mayLeave: Bool)? {
    switch record {
    case .sample, .contextSwitch: pid == 0 ? nil : (pid, true)
    case .map(let map): (map.pid, false)
    case .name(let pid, _, _, _): (pid, false)
    case .fork(let task), .exit(let task): (task.pid, false)
    case .lost, .lostSamples, .throttled, .other, .malformed: nil
    }
  }

  private func take(
    _ record: PerfRecord, of pid: UInt32, _ process: UInt32, name: String, _ moment: Moment
  ) {
    var moment = moment
    switch record {
    case .sample(let sample):
      add(sample, kind(of: sample), pid: pid, process: process, moment)
      // The lookup of its mappings may have created state for the process.
      if processes[pid] == nil { stacks.forget(pid) }
    case .contextSwitch(let isOut, let isPreempted):
      contextSwitch(isOut, isPreempted, process: process, moment)
    case .map(let map): emit(image(of: map, moment), process: process, moment)
    case .name(_, let tid, let bytes, let isExec):
      moment.tid = tid
      if isExec {
        emit(ProcessExec(name: Self.text(bytes)), process: process, moment)
      } else {
        emit(ThreadName(name: Self.text(bytes)), process: process, moment)
      }
    case .fork(let task):
      onThread(task.tid)
      moment.tid = task.tid
      if task.pid == task.parentPID {
        emit(ThreadStart(name: name), process: process, moment)
      } else {
        emit(ProcessStart(parentPID: task.parentPID, name: name), process: process, moment)
      }
    case .exit(let task):
      moment.tid = task.tid
      emit(ThreadStop(name: ""), process: process, moment)
    case .lost, .lostSamples, .throttled, .other, .malformed: break
    }
  }
}
