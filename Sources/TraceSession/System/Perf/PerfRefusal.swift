import Glibc
import OSStrings
import TraceControl

/// The reason why the kernel provides no events.
struct PerfRefusal: Error, Hashable, CustomStringConvertible {
  var code: Int32
  /// Whether the ring's memory was refused, not the event.
  var isMemory = false
  /// The process to be sampled.
  var pid: UInt32?

  /// Whether the whole machine was to be sampled.
  var isWholeMachine = false

  var isPermission: Bool { [EACCES, EPERM].contains(code) }

  /// One sentence, including what to do.
  var description: String {
    if isMemory {
      return "no memory for the kernel's rings (\(systemMessage(code))); raise "
        + "kernel.perf_event_mlock_kb or ulimit -l"
    }
    switch code {
    case EACCES, EPERM:
      if let pid { return "process \(pid) may not be sampled, because it belongs to another user" }
      if isWholeMachine {
        return "only this user's running processes are sampled; to sample all, set "
          + "kernel.perf_event_paranoid to 0, or grant CAP_PERFMON"
      }
      if let level = PerfSettings.paranoid, level > 2 {
        return "the kernel's events are disabled for ordinary users "
          + "(kernel.perf_event_paranoid is \(level)); set it to 2 or lower"
      }
      return "the kernel's events are not permitted here (perf_event_open: "
        + "\(systemMessage(code))); allow perf_event_open in the container's seccomp profile, "
        + "or grant CAP_PERFMON"
    case ENOSYS:
      return "the kernel has no performance events, or a sandbox hides them"
    case EMFILE, ENFILE:
      return "there are too few file descriptors for every thread on every CPU; raise ulimit -n, "
        + "or sample the whole machine"
    case ESRCH: return "the process has ended"
    default:
      return "the kernel's events are not available (perf_event_open: \(systemMessage(code)))"
    }
  }
}

/// The kernel's settings; nil if they do not exist.
enum PerfSettings {
  static var paranoid: Int? { number("/proc/sys/kernel/perf_event_paranoid") }
  static var rateMax: Int? { number("/proc/sys/kernel/perf_event_max_sample_rate") }
  static var framesMax: Int? { number("/proc/sys/kernel/perf_event_max_stack") }
  static var ringMemoryKilobytes: Int? { number("/proc/sys/kernel/perf_event_mlock_kb") }

  /// Whether the kernel shows addresses to this user; otherwise it shows zeros
  /// (kernel.kptr_restrict).
  static var showsKernelAddresses: Bool {
    guard let line = text("/proc/kallsyms") else { return false }
    return line.prefix { $0 != " " }.contains { $0 != "0" }
  }

  /// The numbers of the online CPUs.
  static var onlineCPUs: [Int32] {
    let cpus = text("/sys/devices/system/cpu/online").map(cpuList) ?? []
    return cpus.isEmpty
      ? (0..<Int32(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))).map { $0 } : cpus
  }

  static let cpusMax = 4096

  /// Parses a list such as "0-3,8", which yields 0, 1, 2, 3, 8.
  static func cpuList(_ text: String) -> [Int32] {
    text.split(separator: ",").flatMap { part -> [Int32] in
      let ends = part.split(separator: "-").compactMap { Int32($0) }
      guard let first = ends.first, let last = ends.last, first >= 0, first <= last,
        last < cpusMax
      else { return [] }
      return Array(first...last)
    }
  }

  private static func number(_ path: String) -> Int? { text(path).flatMap { Int($0) } }

  private static func text(_ path: String) -> String? {
    OSPath.firstLine(path)
  }
}
