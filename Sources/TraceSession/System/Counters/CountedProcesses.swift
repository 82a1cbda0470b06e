import CTraceShims
import Glibc
import TraceControl
import TraceFormat

/// Finds the processes whose counters a session records: those that have joined it, and those that
/// it was told to trace.
struct CountedProcesses {
  /// Maximum number of processes at a time.
  static let processesMax = 64
  /// Maximum number of their threads whose waits are counted.
  static let threadsMax = 128
  /// The time between two listings of /proc: a multiple of what one takes, and its limit.
  private static let restFactor: UInt64 = 1000
  private static let restMax_ns: UInt64 = 5_000_000_000
  /// Number of times that a process is judged: it may be about to run another program.
  private static let looksMax: UInt8 = 2

  private let filter: ProcessFilter
  private let connected: @Sendable () -> [ConnectedImages.Process]
  private(set) var processes: [CountedProcess] = []
  private(set) var hasMore = false
  private var freeSlots = Array((0..<Self.processesMax).reversed())
  /// Processes that are not traced, by the number of times that they were judged.
  private var refused: [UInt32: UInt8] = [:]
  private var nextSearch_ns: UInt64 = 0
  private var nextIndex = ProcessNumbers.firstCounted

  init(_ filter: ProcessFilter, connected: @escaping @Sendable () -> [ConnectedImages.Process]) {
    (self.filter, self.connected) = (filter, connected)
  }

  /// Number of threads more whose waits can be counted.
  var threadRoom: Int { Self.threadsMax - processes.reduce(0) { $0 + $1.threadCount } }

  /// Whether processes other than those that join, and those listed, may be traced.
  private var searches: Bool {
    filter.ancestor != nil || filter.takesChildren || !filter.executableNames.isEmpty
  }

  /// Adds new processes.
  mutating func find(_ batch: SystemBatch, atTicks ticks: UInt64) {
    for process in connected()
    where !processes.contains(where: { $0.index == process.index || $0.pid == process.pid }) {
      add(process.pid, index: process.index)
    }
    let pids = searches ? search() : filter.pids.sorted()
    for pid in pids where !processes.contains(where: { $0.pid == pid }) {
      guard let added = add(pid, index: nil) else { continue }
      define(added, batch, atTicks: ticks)
    }
  }

  /// Returns the traced processes in /proc; none if the last search was a short time ago.
  ///
  /// - Cost: lists /proc; reads files of the processes that are new, of each at most twice.
  private mutating func search() -> [UInt32] {
    let start_ns = trace_monotonic_ns()
    guard start_ns >= nextSearch_ns else { return [] }
    var found: [UInt32] = []
    var others: [UInt32: UInt8] = [:]
    let own = UInt32(getpid())
    let pids = ProcFiles.processes()
    // Judging is not counted: each process is judged only when it is new.
    let duration_ns = trace_monotonic_ns() &- start_ns
    let rest_ns = min(duration_ns.multipliedClamped(by: Self.restFactor), Self.restMax_ns)
    nextSearch_ns = start_ns.addingClamped(rest_ns)
    for pid in pids where pid != own {
      if let looks = refused[pid], looks >= Self.looksMax {
        others[pid] = looks
      } else if processes.contains(where: { $0.pid == pid }) {
        continue
      } else if filter.admits(pid: pid, executable: executable(pid)) {
        found.append(pid)
      } else {
        others[pid] = (refused[pid] ?? 0) + 1
      }
    }
    refused = others
    return found
  }

  private func executable(_ pid: UInt32) -> String {
    filter.executableNames.isEmpty ? "" : ProcessIdentity.executable(of: pid) ?? ""
  }

  /// - Parameter index: the session's number; nil for a process that has not joined.
  @discardableResult
  private mutating func add(_ pid: UInt32, index: UInt32?) -> CountedProcess? {
    guard let slot = freeSlots.last else {
      hasMore = true
      return nil
    }
    guard
      let process = CountedProcess(
        pid: pid, index: index ?? nextIndex, isConnected: index != nil, slot: slot)
    else { return nil }
    freeSlots.removeLast()
    if index == nil { nextIndex &+= 1 }
    processes.append(process)
    return process
  }

  /// Writes the process's record, or a later one if it now runs another program.
  func define(_ process: CountedProcess, _ batch: SystemBatch, atTicks ticks: UInt64) {
    let identity = ProcessIdentity(procName: "\(process.pid)")
    guard !process.isConnected, !identity.executable.isEmpty || process.executable.isEmpty,
      process.joinTicks == nil || identity.executable != process.executable
    else { return }
    process.executable = identity.executable
    process.joinTicks = process.joinTicks ?? ticks
    batch.add(
      process: ProcessRecord(
        index: process.index, pid: process.pid, parentPID: identity.parentPID,
        uid: ProcFiles.user(of: process.pid) ?? 0, startTime: identity.startTime,
        executable: identity.executable, arguments: identity.arguments,
        joinTicks: process.joinTicks ?? ticks))
  }

  /// Removes a process that has ended.
  mutating func remove(_ process: CountedProcess, _ batch: SystemBatch, atTicks ticks: UInt64) {
    processes.removeAll { $0 === process }
    freeSlots.append(process.slot)
    if !process.isConnected { batch.add(endOf: process.index, atTicks: ticks) }
  }
}
