import Glibc
import OSStrings
import TraceExport
import TraceSession

/// Limits on the memory that this process may have: RLIMIT_AS and RLIMIT_DATA.
///
/// Without one an allocation does not fail on Linux. With one it does, and ends a Swift program:
/// the least that can be done is to say why.
enum MemoryLimits {
  /// What a session takes at most, its buffers apart.
  private static let sessionBytes: UInt64 = 512 << 20

  /// Lets an allocation that fails end the process with a sentence and an exit code. The standard
  /// library calls abort(3) then, which nothing else here does.
  static func sayWhenMet() {
    guard limit(RLIMIT_AS) != nil || limit(RLIMIT_DATA) != nil else { return }
    signal(SIGABRT) { _ in
      // Nothing but system calls here.
      let sentence: StaticString = """
        tracectl: there is no memory left: its size is limited (ulimit -v, ulimit -d); raise the \
        limit

        """
      write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
      _exit(ExitStatus.osError.rawValue)
    }
  }

  /// Whether a collection fits.
  ///
  /// - Throws: where a limit leaves too little.
  static func check(_ configuration: SessionConfiguration) throws(Failure) {
    let cpus = UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_CONF))))
    let (buffers, isHuge) = UInt64(configuration.bufferBytesPerCPU)
      .multipliedReportingOverflow(by: cpus)
    try check(
      "address space", limit(RLIMIT_AS), used: 0, wanted: isHuge ? .max : buffers &+ sessionBytes,
      next: "raise it (ulimit -v), or give a smaller -buffer-size")
    // Buffers are shared memory, which is no data.
    try check(
      "data", limit(RLIMIT_DATA), used: 5, wanted: sessionBytes, next: "raise it (ulimit -d)")
  }

  private static func check(
    _ what: String, _ limit: UInt64?, used column: Int, wanted: UInt64, next: String
  ) throws(Failure) {
    guard let limit, let used = usedBytes(column) else { return }
    let left = limit - min(limit, used)
    guard left < wanted else { return }
    throw Failure(
      .osError,
      "the limit on \(what) leaves \(readableBytes(left)), and collecting may take "
        + readableBytes(wanted), next: next)
  }

  /// Nil where there is none.
  private static func limit(_ resource: __rlimit_resource) -> UInt64? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0,
      limit.rlim_cur != rlim_t.max
    else { return nil }
    return UInt64(limit.rlim_cur)
  }

  /// A number of /proc/self/statm, which are pages.
  private static func usedBytes(_ column: Int) -> UInt64? {
    guard let line = OSPath.firstLine("/proc/self/statm", limit: 128) else { return nil }
    let numbers = line.split(separator: " ")
    guard column < numbers.count, let pages = UInt64(numbers[column]) else { return nil }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
