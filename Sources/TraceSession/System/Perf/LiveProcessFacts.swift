import CTraceShims
import Glibc
import OSStrings
import TraceControl
import TraceEvents
import TraceKernel

/// Facts about the processes of this machine, from /proc.
struct LiveProcessFacts: ProcessFacts {
  let images: ImageFiles

  private static let clockTick_ns = 1_000_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))

  func name(of pid: UInt32, thread: UInt32) -> String? { ProcFiles.name(of: pid, thread: thread) }

  /// /proc shows the process that has the pid now; nil if it began later.
  func process(_ pid: UInt32, at nanoseconds: UInt64) -> KnownProcess? {
    let identity = ProcessIdentity(procName: "\(pid)")
    guard identity.startTime != 0 else { return nil }
    // Clock ticks after boot are rounded down, so the time is never later than the process's first
    // record.
    let now_ns = trace_monotonic_ns()
    let asleep_ns = trace_boottime_ns() - now_ns
    guard identity.startTime &* Self.clockTick_ns <= nanoseconds &+ asleep_ns else { return nil }
    return KnownProcess(
      parentPID: identity.parentPID, uid: ProcFiles.user(of: pid) ?? 0,
      startTime: identity.startTime, executable: identity.executable,
      arguments: identity.arguments)
  }

  /// Whether the pid is free, or denotes a process that started later.
  func hasEnded(_ pid: UInt32, since nanoseconds: UInt64) -> Bool {
    guard let number = pid_t(exactly: pid) else { return false }
    if kill(number, 0) != 0, errno == ESRCH { return true }
    // /proc may hide processes that are running.
    let isVisible = ProcessIdentity(procName: "\(pid)").startTime != 0
    return isVisible && process(pid, at: nanoseconds) == nil
  }

  func executable(of pid: UInt32) -> String? { ProcessIdentity.executable(of: pid) }

  func ancestors(of pid: UInt32) -> [UInt32] { ProcessIdentity.ancestors(of: pid) }

  /// False too once the process runs another program, or where the kernel refuses kcmp(2).
  ///
  /// - Cost: one system call.
  func sharesMemory(_ pid: UInt32, with parent: UInt32) -> Bool {
    guard let one = pid_t(exactly: pid), let other = pid_t(exactly: parent) else { return false }
    return trace_shares_memory(one, other) == 1
  }

  /// The program run by a dynamic linker, as long as /proc shows it.
  func programName(of pid: UInt32, command: String) -> String {
    guard LoaderCommand.isLoader(command), let path = ProcessIdentity.executable(of: pid),
      let program = path.split(separator: "/").last, !LoaderCommand.isLoader(path)
    else { return command }
    return String(program)
  }

  /// Images mapped before the session use at most half of the open files (``ImageFiles``).
  func buildID(of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?) -> [UInt8] {
    images.buildID(
      of: ImageFiles.Mapping(image, pid: pid, mappedAt_ns: nanoseconds),
      isRundown: nanoseconds == nil)
  }

  func isUnchanged(
    _ part: ImageMap, of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?
  ) -> Bool {
    let mapping = ImageFiles.Mapping(image, pid: pid, mappedAt_ns: nanoseconds)
    return MemoryComparison.isUnchanged(part, of: mapping, images)
  }

  func threads(of pid: UInt32) -> [UInt32] {
    ProcFiles.threads(of: pid).map { UInt32(bitPattern: $0) }
  }

  func forEachMap(of pid: UInt32, _ body: (ProcessMap) -> Void) {
    ProcessMaps.read(pid: pid, body)
  }
}
