internal import CTraceShims
internal import Glibc
internal import OSStrings

/// Whose files may be read: the ids by which the kernel checks a process's access to files.
public struct FileRights: Hashable, Sendable {
  public var user: UInt32
  public var group: UInt32
  public var groups: [UInt32]

  public init(user: UInt32, group: UInt32, groups: [UInt32] = []) {
    self.user = user
    self.group = group
    self.groups = groups
  }

  /// Those of nobody in particular: files that everyone may read.
  public static let nobody = FileRights(user: 65_534, group: 65_534)

  /// Those of a process. Of one that runs with several users' ids, those of the one that is not
  /// root: a program with set-user-id reads no more for a session than for the user who started it.
  /// Nil when the process has ended.
  public init?(processID: UInt32) {
    guard let process = ProcessDirectory(processID), let rights = process.rights else {
      return nil
    }
    self = rights
  }

  /// From the lines `Uid:`, `Gid:` and `Groups:` of /proc/PID/status.
  init?(status: String) {
    // Real, effective, saved, and that of file access.
    let users = ProcStatus.numbers("Uid:", in: status)
    let groups = ProcStatus.numbers("Gid:", in: status)
    guard users.count == 4, groups.count == 4 else { return nil }
    user = [users[3], users[1], users[0]].first { $0 != 0 } ?? 0
    group = groups[3]
    self.groups = ProcStatus.numbers("Groups:", in: status)
  }
}

/// With whose rights a file is opened that a process has named or mapped.
public enum FileAccess: Hashable, Sendable {
  /// The caller's; below `/proc/PID` those of that process.
  case own
  case rights(FileRights)
  /// Of a process that has ended, whose rights nobody knows any more. What it had mapped, as the
  /// device and inode or the build id must show, it could read, unless the file's mode lets
  /// somebody execute it who may not read it.
  case ended

  /// That of a process.
  public static func of(processID: UInt32) -> FileAccess {
    FileRights(processID: processID).map { .rights($0) } ?? .ended
  }

  /// That for files which the process had not mapped, such as its images' debug files.
  var forUnmapped: FileAccess { self == .ended && geteuid() == 0 ? .rights(.nobody) : self }
}

/// `/proc/PID`, held: what is read through it is of one process, whoever gets its number later.
final class ProcessDirectory {
  private let descriptor: Int32

  /// Nil when there is no such process.
  init?(_ processID: UInt32) {
    descriptor = OSPath.open("/proc/\(processID)", Self.placeOnly | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Nil when the process has ended.
  var rights: FileRights? {
    // 65,536 groups are the kernel's limit; a program with so many is not worth so much memory.
    OSPath.contents(descriptor, "status", limit: Self.statusBytesMax)
      .flatMap { FileRights(status: String(decoding: $0, as: UTF8.self)) }
  }

  /// Lends a descriptor of what the process has for the root directory; -1 (errno) when it may not
  /// be looked at.
  func withRoot<Result>(_ body: (Int32) -> Result) -> Result {
    let root = OSPath.openat(descriptor, "root", Self.placeOnly | O_DIRECTORY | O_CLOEXEC)
    defer { if root >= 0 { close(root) } }
    return body(root)
  }

  private static let statusBytesMax = 32 << 10
  /// O_PATH, which Glibc's module does not have.
  private static let placeOnly: Int32 = 0o10_000_000
}
