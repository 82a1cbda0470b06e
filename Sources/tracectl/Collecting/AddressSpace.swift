import Glibc
import OSStrings
import TraceExport
import TraceSession

/// Whether a collection fits what the process may address: an allocation that fails ends a Swift
/// program without a word.
enum AddressSpace {
  /// What a session takes at most, its buffers apart.
  private static let sessionBytes: UInt64 = 512 << 20

  /// - Throws: where a limit (RLIMIT_AS) leaves too little.
  static func check(_ configuration: SessionConfiguration) throws(Failure) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
      limit.rlim_cur != rlim_t.max, let used = usedBytes
    else { return }
    let cpus = UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_CONF))))
    let (buffers, isHuge) = UInt64(configuration.bufferBytesPerCPU)
      .multipliedReportingOverflow(by: cpus)
    let wanted = isHuge ? .max : buffers &+ sessionBytes
    let left = UInt64(limit.rlim_cur) &- min(UInt64(limit.rlim_cur), used)
    guard left < wanted else { return }
    throw Failure(
      .osError,
      "the limit on address space leaves \(readableBytes(left)), and collecting may take "
        + readableBytes(wanted), next: "raise it (ulimit -v), or give a smaller -buffer-size")
  }

  /// The first number of /proc/self/statm, in pages.
  private static var usedBytes: UInt64? {
    guard let line = OSPath.firstLine("/proc/self/statm", limit: 128),
      let pages = line.split(separator: " ").first.flatMap({ UInt64($0) })
    else { return nil }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
