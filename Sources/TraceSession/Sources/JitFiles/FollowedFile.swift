import CTraceShims
import Glibc
import TraceSymbols

/// A file that another process writes, open for reading.
///
/// - Guarantee: a regular file that the process may read, not reached through a link that leads out
///   of its root, with nothing mounted over its name, and owned by one of those named; opening it
///   never waits.
final class FollowedFile {
  /// Why a file is not read.
  enum Refusal: Error, Hashable {
    case absent
    case isLink
    /// Something is mounted over its name.
    case isMount
    case notRegular
    case owner(UInt32)
    /// Another file lies where the process mapped one.
    case replaced
    /// It is older than the process.
    case isStale
    case system(Int32)

    /// A sentence without its subject, which is the file; nil when there is nothing to say.
    var text: String? {
      switch self {
      case .absent, .isStale: nil
      case .isLink: "is a symbolic link; it was not read"
      case .isMount: "is a mount point; it was not read"
      case .notRegular: "is not a regular file; it was not read"
      case .owner(let user):
        "belongs to user \(user), but its process runs as another user; it was not read"
      case .replaced: "is not the file that the process has mapped; it was not read"
      case .system(let code): "cannot be read: \(String(cString: strerror(code)))"
      }
    }
  }

  struct Status {
    var size: UInt64
    /// Nanoseconds.
    var modified: Int64
    /// It has a name still.
    var isLinked: Bool
    var device: UInt64
    var inode: UInt64
  }

  private let descriptor: Int32

  /// Opens `path` below a directory.
  init(
    _ path: String, below directory: Int32, access: FileAccess, owners: Set<UInt32>
  ) throws(Refusal) {
    let opened = ForeignFile.open(path, below: directory, as: access, [.inRoot, .plain])
    guard opened >= 0 else {
      switch -opened {
      case ENOENT, ENOTDIR, ESRCH: throw .absent
      case ELOOP: throw .isLink
      case EXDEV: throw .isMount
      case ENXIO: throw .notRegular
      default: throw .system(-opened)
      }
    }
    descriptor = opened
    var status = stat()
    guard fstat(opened, &status) == 0 else { throw .system(errno) }
    guard owners.contains(status.st_uid) else { throw .owner(status.st_uid) }
  }

  deinit { close(descriptor) }

  var status: Status? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    return Status(
      size: UInt64(max(0, status.st_size)),
      modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
      isLinked: status.st_nlink > 0, device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// When a file that has that status was written last: CLOCK_MONOTONIC, at the latest.
  ///
  /// File systems note a change by a clock that is some milliseconds behind; anybody may set the
  /// time, so one that cannot be is not believed.
  ///
  /// - Parameter earliest: the file was otherwise then.
  func writtenBy(_ status: Status, after earliest: UInt64, now: UInt64) -> UInt64 {
    // In this order: whatever comes between the two makes it later, not earlier.
    let realtime = Int64(clamping: trace_realtime_ns())
    let distance = Int64(clamping: trace_monotonic_ns()) &- realtime
    let changed = status.modified &+ distance &+ Self.tick_ns
    guard changed > 0, UInt64(changed) > earliest, UInt64(changed) < now else { return now }
    return UInt64(changed)
  }

  /// Twice the kernel's longest tick.
  private static let tick_ns: Int64 = 20_000_000

  /// As many bytes as there are, up to `count`.
  func bytes(at offset: UInt64, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Bytes read, fewer only at the file's end or when it cannot be read.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard var position = Int(exactly: offset) else { return 0 }
    var filled = 0
    while filled < buffer.count {
      let got = pread(descriptor, buffer.baseAddress! + filled, buffer.count - filled, position)
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { break }
      filled += got
      position += got
    }
    return filled
  }
}
