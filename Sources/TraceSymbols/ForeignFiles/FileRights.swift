internal import CTraceShims
internal import Glibc
internal import OSStrings

/// The ids by which the kernel checks access to files.
public struct FileRights: Hashable, Sendable {
  public var user: UInt32
  public var group: UInt32
  public var groups: [UInt32]

  public init(user: UInt32, group: UInt32, groups: [UInt32] = []) {
    self.user = user
    self.group = group
    self.groups = groups
  }

  /// The rights of no specific user: only files that everyone may read.
  public static let nobody = FileRights(user: 65_534, group: 65_534)

  /// The rights of a process. If a process has the ids of several users, those of the user who is
  /// not root: a set-user-id program lets a session read no more than the user who started it.
  public init?(processID: UInt32) {
    guard let process = ProcessDirectory(processID), let rights = process.rights else {
      return nil
    }
    self = rights
  }

  /// Parses the lines `Uid:`, `Gid:` and `Groups:` of /proc/PID/status.
  init?(status: String) {
    // The real, effective, saved, and file system ids.
    let users = ProcStatus.numbers("Uid:", in: status)
    let groups = ProcStatus.numbers("Gid:", in: status)
    guard users.count == 4, groups.count == 4 else { return nil }
    user = [users[3], users[1], users[0]].first { $0 != 0 } ?? 0
    group = groups[3]
    self.groups = ProcStatus.numbers("Groups:", in: status)
  }
}

/// The rights with which to open a file that a process has named or mapped.
public enum FileAccess: Hashable, Sendable {
  /// The caller's rights; below `/proc/PID`, the rights of that process.
  case own
  case rights(FileRights)
  /// A process that has ended, so its rights are not known. It could read the files that it had
  /// mapped, as shown by device and inode or build id, unless a file's mode grants a user execution
  /// but not reading.
  case ended

  /// The access of a process.
  public static func of(processID: UInt32) -> FileAccess {
    FileRights(processID: processID).map { .rights($0) } ?? .ended
  }

  /// The access for files that the process had not mapped, such as debug files of its images.
  var forUnmapped: FileAccess { self == .ended && geteuid() == 0 ? .rights(.nobody) : self }
}

/// An open `/proc/PID`: reads through it always concern the same process, even if its pid is used
/// again.
final class ProcessDirectory {
  private let descriptor: Int32

  /// Nil if there is no such process.
  init?(_ processID: UInt32) {
    descriptor = OSPath.open("/proc/\(processID)", Self.placeOnly | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Nil if the process has ended.
  var rights: FileRights? {
    // The kernel's limit is 65,536 groups; such a program does not justify that much memory.
    OSPath.contents(descriptor, "status", limit: Self.statusBytesMax)
      .flatMap { FileRights(status: String(decoding: $0, as: UTF8.self)) }
  }

  /// Calls a closure with a descriptor of the process's root directory, or -1 (errno) if it may not
  /// be accessed.
  func withRoot<Result>(_ body: (Int32) -> Result) -> Result {
    let root = OSPath.openat(descriptor, "root", Self.placeOnly | O_DIRECTORY | O_CLOEXEC)
    defer { if root >= 0 { close(root) } }
    return body(root)
  }

  private static let statusBytesMax = 32 << 10
  /// O_PATH, which is missing in Glibc's module.
  private static let placeOnly: Int32 = 0o10_000_000
}
