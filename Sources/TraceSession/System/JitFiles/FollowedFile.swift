import CTraceShims
import Glibc
import TraceSymbols

/// A file that another process writes, open for reading.
///
/// - Guarantee: a regular file that the process may read, not reached through a link out of its
///   root, without a mount over its name, and owned by one of the given users. Opening never
///   blocks.
final class FollowedFile {
  /// The reason why a file is not read.
  enum Refusal: Error, Hashable {
    case absent
    case isLink
    /// Something is mounted over its name.
    case isMount
    case notRegular
    case owner(UInt32)
    /// The file at the path is not the one that the process mapped.
    case replaced
    /// The file is older than the process.
    case isStale
    case system(Int32)

    /// A predicate whose subject is the file; nil if there is nothing to report.
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
    /// Time of the last modification, in nanoseconds.
    var modified: Int64
    /// Whether the file still has a name.
    var isLinked: Bool
    var device: UInt64
    var inode: UInt64
  }

  /// What distinguishes a file from all others, also from a later one with the same inode number.
  struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
    /// Time of its creation; 0 if the file system does not record it.
    var born: Int64
  }

  let identity: Identity
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
    guard fstat(opened, &status) == 0 else {
      let code = errno
      close(opened)
      throw .system(code)
    }
    identity = Identity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), born: trace_birth_ns(opened))
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

  /// The latest possible time (CLOCK_MONOTONIC) at which a file with this status was last written.
  ///
  /// File systems record changes by a clock that is some milliseconds late. Any user may set the
  /// time, so an impossible one is ignored.
  ///
  /// - Parameter earliest: a time at which the file was different.
  func writtenBy(_ status: Status, after earliest: UInt64, now: UInt64) -> UInt64 {
    // Read in this order: a delay between the two makes the result later, not earlier.
    let realtime = Int64(clamping: trace_realtime_ns())
    let distance = Int64(clamping: trace_monotonic_ns()) &- realtime
    let changed = status.modified &+ distance &+ Self.tick_ns
    guard changed > 0, UInt64(changed) > earliest, UInt64(changed) < now else { return now }
    return UInt64(changed)
  }

  /// Twice the kernel's longest tick.
  private static let tick_ns: Int64 = 20_000_000

  /// Returns the available bytes, up to `count`.
  func bytes(at offset: UInt64, count: Int) -> [UInt8] {
    if count == 0 { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Returns the number of bytes read; fewer only at the file's end or if it cannot be read.
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
