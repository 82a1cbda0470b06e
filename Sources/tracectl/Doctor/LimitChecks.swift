import OSStrings
import TraceAnalysis
import TraceExport
import Glibc

/// Checks the limits of this user and this process.
enum LimitChecks {
  static func run() -> [Finding] {
    [
      openFiles(limit: softLimit(Int32(RLIMIT_NOFILE.rawValue))),
      lockedMemory(limit: softLimit(memoryLockResource)),
      watches(instances: SystemFiles.integer("/proc/sys/fs/inotify/max_user_instances")),
      disk(),
      switchedOff(OSPath.getenv("TRACE_DISABLE")),
    ].compactMap { $0 }
  }

  /// RLIMIT_MEMLOCK, a macro that Swift does not import; the same on every supported Linux.
  private static let memoryLockResource: Int32 = 8

  private static func softLimit(_ resource: Int32) -> UInt64? {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return nil }
    return limit.rlim_cur == rlim_t.max ? .max : UInt64(limit.rlim_cur)
  }

  /// A session uses up to three quarters of its descriptors for processes.
  static func openFiles(limit: UInt64?) -> Finding {
    guard let limit else { return Finding(.warn, "open files", "the limit cannot be read") }
    if limit == .max { return Finding(.ok, "open files", "no limit") }
    if limit >= 1024 { return Finding(.ok, "open files", "up to \(limit)") }
    return Finding(
      .warn, "open files", "only \(limit): a session can follow about \(limit / 4 * 3) processes",
      advice: "raise it: ulimit -n 4096")
  }

  static func lockedMemory(limit: UInt64?) -> Finding {
    guard let limit else { return Finding(.warn, "locked memory", "the limit cannot be read") }
    if limit == .max { return Finding(.ok, "locked memory", "no limit") }
    if limit >= 1 << 20 { return Finding(.ok, "locked memory", "up to \(readableBytes(limit))") }
    return Finding(
      .warn, "locked memory", "only \(readableBytes(limit)): few CPUs can be sampled",
      advice: "needed for CPU samples only: ulimit -l 8192")
  }

  /// Each traced process watches the runtime directory with one inotify instance.
  static func watches(instances: Int?) -> Finding {
    guard let instances else {
      return Finding(
        .warn, "inotify", "not available: processes look for new sessions every half second")
    }
    if instances >= 128 {
      return Finding(
        .ok, "inotify", "up to \(instances) processes of a user see new sessions immediately")
    }
    return Finding(
      .warn, "inotify", "only \(instances) processes of a user see new sessions immediately",
      advice: "raise it: sysctl fs.inotify.max_user_instances=1024")
  }

  static func disk() -> Finding {
    var status = statvfs()
    guard statvfs(".", &status) == 0 else {
      let reason = String(cString: strerror(errno))
      return Finding(
        .warn, "disk", "the free space of the working directory cannot be read: \(reason)",
        advice: "write elsewhere with -o")
    }
    let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    return disk(free: free, isWritable: access(".", W_OK) == 0)
  }

  static func disk(free: UInt64, isWritable: Bool) -> Finding {
    if !isWritable {
      return Finding(
        .warn, "disk", "the working directory is not writable", advice: "write elsewhere with -o")
    }
    if free < 1 << 30 {
      return Finding(
        .warn, "disk", "only \(readableBytes(free)) free in the working directory",
        advice: "10 M events take about 15 MB; free some space, or write elsewhere with -o")
    }
    return Finding(.ok, "disk", "\(readableBytes(free)) free in the working directory")
  }

  /// Nil if the variable is not set.
  static func switchedOff(_ value: String?) -> Finding? {
    guard let value, !value.isEmpty, value != "0" else { return nil }
    return Finding(
      .fail, "TRACE_DISABLE", "set to \(value): programs started from here cannot be traced",
      advice: "unset TRACE_DISABLE")
  }
}
