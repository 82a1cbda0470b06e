internal import Glibc
internal import OSStrings

/// What tells one state of a file from another without reading it.
struct FileMark: Hashable, Sendable {
  private var device: UInt64 = 0
  private var number: UInt64 = 0
  private var bytes: Int = 0
  /// Time of the last change in nanoseconds since 1970.
  private var changed_ns: Int64 = 0

  /// The mark of the file at a path; that of nothing if there is none.
  init(_ path: String) {
    var status = stat()
    guard OSPath.stat(path, &status) == 0 else { return }
    (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    bytes = Int(status.st_size)
    changed_ns =
      Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
  }

  /// Whether the file may be the one with an earlier mark, with more at its end.
  func continues(_ earlier: FileMark) -> Bool {
    (device, number) == (earlier.device, earlier.number) && bytes >= earlier.bytes
  }

  /// Whether the file was changed in the last seconds.
  var isRecent: Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let now_ns = Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
    return abs(now_ns.subtractingCapped(changed_ns)) < Self.recent_ns
  }

  private static let recent_ns: Int64 = 10_000_000_000

  /// The mark as part of a cache's key.
  var text: String { "\(device):\(number):\(bytes):\(changed_ns)" }
}
