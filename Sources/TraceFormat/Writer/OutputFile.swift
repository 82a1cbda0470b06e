import Glibc
import OSStrings

/// Opens the output file of a trace or a report.
///
/// - Guarantee: in a directory that others can write to, such as /tmp, only a regular file owned by
///   the caller is written, never a link, pipe or file placed there by another user. A new trace is
///   readable only by its owner, because it contains program output and command lines. The
///   descriptor is never a standard one, even if those are closed.
package enum OutputFile {
  /// Opens the file, creating it if necessary. Existing content is kept.
  ///
  /// - Parameter mode: the mode of a new file.
  /// - Returns: the descriptor, and whether the file is new.
  package static func open(
    _ path: String, mode: UInt32 = 0o600
  ) throws(FormatError) -> (descriptor: Int32, isNew: Bool) {
    let (parent, name) = split(path)
    let directory = OSPath.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // Nobody can place files in a directory that is searchable but not readable: use the path.
    defer { if directory >= 0 { close(directory) } }
    let isShared = directory >= 0 && othersMayWrite(directory)
    let base = isShared ? directory : AT_FDCWD
    let target = isShared ? name : path
    let flags = O_WRONLY | O_CLOEXEC | O_NOCTTY
    let created = OSPath.openat(base, target, flags | O_CREAT | O_EXCL, mode)
    if created >= 0 { return (aboveStandard(created), true) }
    guard errno == EEXIST else { throw .io(operation: "create", path: path, code: errno) }
    guard isShared else {
      let opened = OSPath.open(path, flags | O_CREAT, mode)
      guard opened >= 0 else { throw .io(operation: "create", path: path, code: errno) }
      return (aboveStandard(opened), false)
    }
    if let reason = danger(in: directory, name) {
      throw .unsafeOutput(path: path, reason: reason)
    }
    let opened = OSPath.openat(directory, name, flags | O_NOFOLLOW | O_NONBLOCK)
    guard opened >= 0 else { throw .io(operation: "create", path: path, code: errno) }
    // The file may have been replaced in the meantime.
    var status = stat()
    if fstat(opened, &status) != 0 || danger(status) != nil {
      close(opened)
      throw .unsafeOutput(path: path, reason: "was replaced while it was opened")
    }
    return (aboveStandard(opened), false)
  }

  /// Checks an existing file in a directory that others can write to, as ``open(_:mode:)`` does.
  static func check(_ path: String) throws(FormatError) {
    let (parent, name) = split(path)
    let directory = OSPath.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    defer { close(directory) }
    guard othersMayWrite(directory), let reason = danger(in: directory, name) else { return }
    throw .unsafeOutput(path: path, reason: reason)
  }

  private static func split(_ path: String) -> (parent: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (String(path[...slash]), String(path[path.index(after: slash)...]))
  }

  private static func othersMayWrite(_ directory: Int32) -> Bool {
    var status = stat()
    guard fstat(directory, &status) == 0 else { return false }
    return status.st_mode & 0o002 != 0 || (status.st_uid != geteuid() && status.st_uid != 0)
  }

  private static func danger(in directory: Int32, _ name: String) -> String? {
    var status = stat()
    guard OSPath.fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return danger(status)
  }

  /// Returns the reason why an existing file is not written, as text to follow its name; nil if it
  /// is safe.
  private static func danger(_ status: stat) -> String? {
    let place = "in a directory that others may write to"
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: return "is a directory"
    case S_IFLNK: return "is a symbolic link \(place)"
    default: return "is not a regular file, \(place)"
    }
    if status.st_uid != geteuid() { return "belongs to user \(status.st_uid), \(place)" }
    return status.st_nlink > 1 ? "has another name as well, \(place)" : nil
  }

  /// Output of libraries to standard error must not end up in a trace.
  static func aboveStandard(_ descriptor: Int32) -> Int32 {
    guard descriptor <= STDERR_FILENO else { return descriptor }
    let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
    guard moved >= 0 else { return descriptor }
    close(descriptor)
    return moved
  }
}
