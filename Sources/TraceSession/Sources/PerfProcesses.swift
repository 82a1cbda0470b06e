import TraceControl
import TraceFormat

/// The processes that the kernel's records name, and the session's numbers for them.
///
/// Analysis joins by pid and time; the numbers only say whose events are whose in the file.
struct PerfProcesses {
  /// Numbers of processes that have not joined the session themselves.
  static let firstIndex: UInt32 = 0x0100_0000

  struct Process {
    var index: UInt32
    var name: String
    /// Threads that run, where that is known: the process ends with the last. Otherwise it ends
    /// with the thread that has its number.
    var threads: Int?
    /// It joined the session by itself, which then knows when it ends.
    var isConnected = false
  }

  /// The session's number for a process that has joined.
  private let connectedIndex: (_ pid: UInt32) -> UInt32?
  private var processes: [UInt32: Process] = [:]
  private var nextIndex = firstIndex

  init(connectedIndex: @escaping (_ pid: UInt32) -> UInt32?) {
    self.connectedIndex = connectedIndex
  }

  subscript(pid: UInt32) -> Process? { processes[pid] }

  /// The process's number; the first time, `define` is called with what is known of it.
  mutating func index(
    of pid: UInt32, parentPID: UInt32 = 0, name: String = "", atTicks ticks: UInt64,
    define: (ProcessRecord) -> Void
  ) -> UInt32 {
    if let known = processes[pid] { return known.index }
    if let index = connectedIndex(pid) {
      processes[pid] = Process(index: index, name: name, isConnected: true)
      return index
    }
    let index = nextIndex
    nextIndex &+= 1
    processes[pid] = Process(index: index, name: name)
    let identity = pid == 0 ? nil : ProcessIdentity(procName: "\(pid)")
    let executable = identity?.executable ?? ""
    define(
      ProcessRecord(
        index: index, pid: pid, parentPID: identity?.parentPID ?? parentPID,
        uid: ProcFiles.user(of: pid) ?? 0, startTime: identity?.startTime ?? 0,
        executable: executable.isEmpty ? name : executable, arguments: identity?.arguments ?? [],
        joinTicks: ticks))
    return index
  }

  /// The number means another process from now on.
  mutating func forget(_ pid: UInt32) { processes[pid] = nil }

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
    processes[pid]?.name = name
    processes[pid]?.threads = 1
  }
}
