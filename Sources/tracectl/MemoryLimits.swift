import Glibc
import OSStrings
import TraceExport
import TraceSession

/// The limits on this process's memory: RLIMIT_AS and RLIMIT_DATA.
///
/// Without a limit, allocations do not fail on Linux. With a limit they may, which ends a Swift
/// program; the reason should at least be printed.
enum MemoryLimits {
  /// The maximum memory of a session without its buffers.
  private static let sessionBytes: UInt64 = 512 << 20

  /// Makes a failed allocation end the process with a message and an exit code.
  ///
  /// The standard library calls abort(3) when an allocation fails, which nothing else here does.
  /// The language's runtime has its own tables, and traps or uses a null pointer.
  static func sayWhenMet() {
    guard limit(RLIMIT_AS) != nil || limit(RLIMIT_DATA) != nil else { return }
    signal(SIGABRT) { _ in MemoryLimits.end() }
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS] {
      signal(number) { number in
        if MemoryLimits.isMet { MemoryLimits.end() }
        // The instruction runs again, and ends the process as the signal does.
        signal(number, SIG_DFL)
      }
    }
  }

  /// Size of an allocation that is tried after a trap.
  private static let trialBytes = 1 << 20

  /// Whether no memory is left. Only system calls are allowed here.
  private static var isMet: Bool {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    let memory = mmap(nil, trialBytes, PROT_READ | PROT_WRITE, flags, -1, 0)
    if memory == MAP_FAILED { return true }
    munmap(memory, trialBytes)
    return false
  }

  /// Only system calls are allowed here.
  private static func end() {
    let sentence: StaticString = """
      tracectl: there is no memory left: its size is limited (ulimit -v, ulimit -d); raise the \
      limit

      """
    write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
    _exit(ExitStatus.osError.rawValue)
  }

  /// Checks whether a collection fits into the limits.
  ///
  /// - Throws: if a limit leaves too little memory.
  static func check(_ configuration: SessionConfiguration) throws(Failure) {
    let cpus = UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_CONF))))
    let (buffers, isHuge) = UInt64(configuration.bufferBytesPerCPU)
      .multipliedReportingOverflow(by: cpus)
    try check(
      "address space", limit(RLIMIT_AS), used: 0, wanted: isHuge ? .max : buffers &+ sessionBytes,
      next: "raise it (ulimit -v), or give a smaller -buffer-size")
    // Buffers are shared memory, which does not count as data.
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

  /// Nil if there is no limit.
  private static func limit(_ resource: __rlimit_resource) -> UInt64? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0,
      limit.rlim_cur != rlim_t.max
    else { return nil }
    return UInt64(limit.rlim_cur)
  }

  /// A column of /proc/self/statm, converted from pages.
  private static func usedBytes(_ column: Int) -> UInt64? {
    guard let line = OSPath.firstLine("/proc/self/statm", limit: 128) else { return nil }
    let numbers = line.split(separator: " ")
    guard column < numbers.count, let pages = UInt64(numbers[column]) else { return nil }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
