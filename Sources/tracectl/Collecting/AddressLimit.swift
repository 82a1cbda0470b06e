import Glibc
import TraceExport
import TraceSession

/// Whether a collection fits what the process may address: an allocation that fails ends a Swift
/// program without a word.
enum AddressLimit {
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
    guard let file = fopen("/proc/self/statm", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    return UInt64(strtoull(line, nil, 10)) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
