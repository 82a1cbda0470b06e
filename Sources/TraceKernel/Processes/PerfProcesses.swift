import TraceFormat

/// The processes named in the kernel's records, and the session's numbers for them.
///
/// Analysis joins by pid and time; the numbers only connect events with processes in the file.
struct PerfProcesses: ~Copyable {
  struct Process {
    /// The session's number; nil until an event of the process is recorded.
    var index: UInt32?
    var name: String
    var parentPID: UInt32 = 0
    /// Whether its events are recorded.
    var isAdmitted = true
    /// If only descendants of one thread are followed: whether this is one.
    var isDescendant = true
    /// Whether it was started to run another program, but has not called exec yet.
    var isBeforeExec = false
    /// Number of running threads, if known: the process ends with the last one. Otherwise it ends
    /// with the thread whose tid is the pid.
    var threads: Int?
    /// Whether it joined the session, which then detects its end.
    var isConnected = false
    /// Time (CLOCK_MONOTONIC) of its fork, or of its first record.
    var since_ns: UInt64?
  }

  /// The time of a record, in ticks and as in the record.
  struct Moment {
    var ticks: UInt64
    /// CLOCK_MONOTONIC.
    var nanoseconds: UInt64
  }

  /// Maximum number of processes at a time; beyond that, all are dropped, and re-created by their
  /// next records. Linux has no greater process ids.
  private static let processesMax = 1 << 22

  /// The thread whose descendants alone are recorded, and its process; nil without such a limit.
  var ancestor: (thread: UInt32, pid: UInt32)?
  /// Whether records were lost, so that the ancestors of unknown processes must be looked up.
  var mayMissForks = false
  private let filter: ProgramFilter
  private let facts: any ProcessFacts
  private var processes: [UInt32: Process] = [:]
  private var standings = ProcessStandings()
  private(set) var ended = EndedProcesses()
  private var nextIndex = ProcessNumbers.firstOther

  init(filter: ProgramFilter = ProgramFilter(), _ facts: any ProcessFacts) {
    self.filter = filter
    self.facts = facts
  }

  subscript(pid: UInt32) -> Process? { processes[pid] }

  /// Number of known processes that have not ended.
  var count: Int { processes.count }

  /// Pids of the known processes that have not ended.
  var known: [UInt32] { Array(processes.keys) }

  /// Whether events of the process are wanted, by what runs in it now.
  mutating func admits(_ pid: UInt32) -> Bool {
    if ancestor != nil {
      if let known = standing(of: pid) { return known.isAdmitted }
      guard mayMissForks, pid != 0 else { return false }
    } else if filter.isOpen {
      return true
    }
    guard filter.admits(pid: pid) else { return false }
    if let known = standing(of: pid) { return known.isAdmitted }
    let isDescendant = ancestor.map { facts.ancestors(of: pid).contains($0.pid) } ?? true
    guard isDescendant else {
      keep(pid, Process(name: "", isAdmitted: false, isDescendant: false))
      return false
    }
    let name = facts.name(of: pid, thread: pid) ?? ""
    let isAdmitted = filter.admits(pid: pid, command: name, facts)
    keep(pid, Process(name: name, isAdmitted: isAdmitted))
    return isAdmitted
  }

  /// The process's number. On the first call for a process, `sink` receives its known facts.
  mutating func index(
    of pid: UInt32, name: String = "", at moment: Moment, _ sink: any KernelEventSink
  ) -> UInt32 {
    if let known = number(of: pid) { return known }
    var process = processes[pid] ?? Process(name: name)
    if process.name.isEmpty { process.name = name }
    process.since_ns = process.since_ns ?? moment.nanoseconds
    defer { keep(pid, process) }
    if let index = sink.processIndex(ofJoined: pid) {
      process.index = index
      process.isConnected = true
      return index
    }
    let index = nextIndex
    nextIndex &+= 1
    process.index = index
    let known = pid == 0 ? nil : facts.process(pid, at: moment.nanoseconds)
    let executable = known?.executable ?? ""
    sink.define(
      ProcessRecord(
        index: index, pid: pid, parentPID: known?.parentPID ?? process.parentPID,
        uid: known?.uid ?? 0, startTime: known?.startTime ?? 0,
        executable: executable.isEmpty ? process.name : executable,
        arguments: known?.arguments ?? [], joinTicks: moment.ticks))
    return index
  }

  private mutating func keep(_ pid: UInt32, _ process: Process) {
    if processes.count >= Self.processesMax, processes[pid] == nil {
      processes.removeAll()
      standings = ProcessStandings()
    }
    processes[pid] = process
    standings.forget(pid)
  }

  /// The process's number, if it has one.
  mutating func number(of pid: UInt32) -> UInt32? { standing(of: pid)?.index }

  /// What most records need of a process; nil for an unknown one.
  private mutating func standing(of pid: UInt32) -> ProcessStandings.Standing? {
    standings.find(pid) {
      processes[pid].map { ProcessStandings.Standing(index: $0.index, isAdmitted: $0.isAdmitted) }
    }
  }

  /// Records a fork: the new process runs its parent's program. The pid's former owner has ended,
  /// even if its exit record was lost. Returns false if the process is already known, because a
  /// process that runs when a session begins may be reported before its fork record arrives.
  mutating func began(_ task: PerfTask, at nanoseconds: UInt64) -> Bool {
    let (pid, parentPID) = (task.pid, task.parentPID)
    if let since = processes[pid]?.since_ns, nanoseconds <= since { return false }
    let isStarted = task.parentTID == ancestor?.thread
    let isDescendant = isStarted || ancestor == nil || processes[parentPID]?.isDescendant == true
    let isAdmitted = !isStarted && filter.admits(pid: pid) && admits(parentPID)
    guard isDescendant else {
      // The former owner of the pid may have been admitted.
      processes[pid] = nil
      standings.forget(pid)
      return true
    }
    let name = processes[parentPID]?.name ?? facts.name(of: parentPID, thread: parentPID)
    let isBeforeExec = isStarted || processes[parentPID]?.isBeforeExec == true
    keep(
      pid,
      Process(
        name: name ?? "", parentPID: parentPID, isAdmitted: isAdmitted, isDescendant: true,
        isBeforeExec: isBeforeExec, threads: 1, since_ns: nanoseconds))
    return true
  }

  /// Records the end of a process; the pid may denote another one from now on.
  mutating func end(_ pid: UInt32, at moment: Moment) {
    guard let process = processes.removeValue(forKey: pid) else { return }
    standings.forget(pid)
    ended.add(pid, process, at: moment)
  }

  mutating func rename(_ pid: UInt32, _ name: String) { processes[pid]?.name = name }

  mutating func setThreads(of pid: UInt32, _ count: Int) { processes[pid]?.threads = count }

  mutating func threadBegan(of pid: UInt32) {
    if let threads = processes[pid]?.threads { processes[pid]?.threads = threads + 1 }
  }

  /// Records the end of a thread; returns whether the process has ended with it.
  mutating func threadEnded(_ tid: UInt32, of pid: UInt32) -> Bool {
    guard let threads = processes[pid]?.threads else { return pid == tid }
    processes[pid]?.threads = threads - 1
    return threads <= 1
  }

  /// Records an exec: the process runs another program, with one thread left.
  mutating func exec(_ pid: UInt32, name: String) {
    if ancestor != nil, processes[pid] == nil, !admits(pid) { return }
    var process = processes[pid] ?? Process(name: name)
    process.name = name
    process.threads = 1
    process.isBeforeExec = false
    process.isAdmitted =
      process.isDescendant && (filter.isOpen || filter.admits(pid: pid, command: name, facts))
    keep(pid, process)
  }
}

// MARK: After the end

extension PerfProcesses {
  /// The process that had the pid at this time, if it has ended.
  ///
  /// - Parameter mayLeave: whether the record can concern a thread after its end.
  mutating func ended(
    _ pid: UInt32, at nanoseconds: UInt64, mayLeave: Bool
  ) -> EndedProcesses.Ended? {
    guard ended.count > 0 else { return nil }
    if let owner = ended.owner(of: pid, at: nanoseconds) { return owner }
    guard mayLeave, standing(of: pid) == nil else { return nil }
    return ended.leaving(pid, at: nanoseconds)
  }

  /// Whether the process has ended and no new process with this pid is known.
  func hasEnded(_ pid: UInt32) -> Bool { processes[pid] == nil && ended.knows(pid) }
}
