import TraceFormat

/// The processes that the kernel's records name, and the session's numbers for them.
///
/// Analysis joins by pid and time; the numbers only say whose events are whose in the file.
struct PerfProcesses {
  struct Process {
    /// Nil until an event of the process is recorded.
    var index: UInt32?
    var name: String
    var parentPID: UInt32 = 0
    /// Whether its events are wanted.
    var isAdmitted = true
    /// Where only what descends from one thread is followed: whether it does.
    var isDescendant = true
    /// It was started to run another program, and has not come to that yet.
    var isBeforeExec = false
    /// Threads that run, where that is known: the process ends with the last. Otherwise it ends
    /// with the thread that has its number.
    var threads: Int?
    /// It joined the session by itself, which then knows when it ends.
    var isConnected = false
    /// CLOCK_MONOTONIC of its fork, or of the first record of it.
    var since_ns: UInt64?
  }

  /// When something is heard of a process: in ticks, and as the kernel's record has it.
  struct Moment {
    var ticks: UInt64
    /// CLOCK_MONOTONIC.
    var nanoseconds: UInt64
  }

  /// Beyond so many at a time, all are forgotten, and known anew by their next records. Linux has
  /// no greater process ids.
  private static let processesMax = 1 << 22

  /// The thread whose descendants alone are wanted, and its process; nil where others are.
  var ancestor: (thread: UInt32, pid: UInt32)?
  /// Records were lost, so that the ancestors of processes that are not known are looked up.
  var mayMissForks = false
  private let filter: ProgramFilter
  private let facts: any ProcessFacts
  private var processes: [UInt32: Process] = [:]
  private(set) var ended = EndedProcesses()
  private var nextIndex = ProcessNumbers.firstOther

  init(filter: ProgramFilter = ProgramFilter(), _ facts: any ProcessFacts) {
    self.filter = filter
    self.facts = facts
  }

  subscript(pid: UInt32) -> Process? { processes[pid] }

  /// Those that are known and have not ended.
  var count: Int { processes.count }

  /// The pids of those that are known and have not ended.
  var known: [UInt32] { Array(processes.keys) }

  /// Whether events of the process are wanted, by what runs in it now.
  mutating func admits(_ pid: UInt32) -> Bool {
    if ancestor != nil {
      if let known = processes[pid] { return known.isAdmitted }
      guard mayMissForks, pid != 0 else { return false }
    } else if filter.isOpen {
      return true
    }
    guard filter.admits(pid: pid) else { return false }
    if let known = processes[pid] { return known.isAdmitted }
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

  /// The process's number; the first time, `sink` receives what is known of it.
  mutating func index(
    of pid: UInt32, name: String = "", at moment: Moment, _ sink: any KernelEventSink
  ) -> UInt32 {
    if let known = processes[pid]?.index { return known }
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
    if processes.count >= Self.processesMax, processes[pid] == nil { processes.removeAll() }
    processes[pid] = process
  }

  /// A process began, by fork: it is the program that its parent is. The number's former owner has
  /// ended, whether that was heard or not. False if it is no other than the one that is known: what
  /// runs when a session begins may be told of before its fork is.
  mutating func began(_ task: PerfTask, at nanoseconds: UInt64) -> Bool {
    let (pid, parentPID) = (task.pid, task.parentPID)
    if let since = processes[pid]?.since_ns, nanoseconds <= since { return false }
    let isStarted = task.parentTID == ancestor?.thread
    let isDescendant = isStarted || ancestor == nil || processes[parentPID]?.isDescendant == true
    let isAdmitted = !isStarted && filter.admits(pid: pid) && admits(parentPID)
    guard isDescendant else {
      // A number that another had may be one that was wanted.
      processes[pid] = nil
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

  /// The number means another process from now on.
  mutating func end(_ pid: UInt32, at moment: Moment) {
    guard let process = processes.removeValue(forKey: pid) else { return }
    ended.add(pid, process, at: moment)
  }

  mutating func rename(_ pid: UInt32, _ name: String) { processes[pid]?.name = name }

  mutating func setThreads(of pid: UInt32, _ count: Int) { processes[pid]?.threads = count }

  mutating func threadBegan(of pid: UInt32) {
    if let threads = processes[pid]?.threads { processes[pid]?.threads = threads + 1 }
  }

  /// Whether the process has ended with it.
  mutating func threadEnded(_ tid: UInt32, of pid: UInt32) -> Bool {
    guard let threads = processes[pid]?.threads else { return pid == tid }
    processes[pid]?.threads = threads - 1
    return threads <= 1
  }

  /// Another program runs: of its threads one is left.
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
  /// The process that had the number then, where that is one that has ended.
  ///
  /// - Parameter mayLeave: a thread may be the subject of such a record after its end.
  func ended(_ pid: UInt32, at nanoseconds: UInt64, mayLeave: Bool) -> EndedProcesses.Ended? {
    if let owner = ended.owner(of: pid, at: nanoseconds) { return owner }
    guard mayLeave, processes[pid] == nil else { return nil }
    return ended.leaving(pid, at: nanoseconds)
  }

  /// The process has ended, and no other that has the number is known.
  func hasEnded(_ pid: UInt32) -> Bool { processes[pid] == nil && ended.knows(pid) }
}
