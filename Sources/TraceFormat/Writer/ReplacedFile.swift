import Glibc
import OSStrings

/// An output file that appears under its name only when it is complete.
///
/// The content goes to a file without a name in the same directory, or where the file system has no
/// such files, to one with a name of its own, which SIGINT, SIGTERM and SIGHUP remove.
///
/// - Guarantee: before ``commit()``, a file with the name stays as it is. A failure, a signal or a
///   full disk leaves nothing behind; only SIGKILL may leave a file `.tracectl-….part` on a file
///   system without nameless files. The mode of a file that is replaced is kept, and its owner if
///   that is permitted. A symbolic link stays, and what it points to is replaced.
/// - Trap: devices, pipes, paths of open descriptors, and files in directories in which no file can
///   be created are written in place.
package final class ReplacedFile {
  package let descriptor: Int32
  private let path: String
  /// What is replaced; nil if the file is written in place.
  private let target: String?
  /// The name of the unfinished file, if it has one.
  private var temporary: String?

  /// Opens the file.
  ///
  /// - Parameters:
  ///   - mode: the mode of a new file.
  ///   - isNameless: whether a file without a name may be used.
  package init(_ path: String, mode: UInt32 = 0o600, isNameless: Bool = true) throws(FormatError) {
    self.path = path
    guard let target = try Self.target(of: path) else {
      (self.target, temporary) = (nil, nil)
      descriptor = try Self.inPlace(path, mode)
      return
    }
    let directory = Self.directory(of: target)
    let nameless = isNameless ? OSPath.open(directory, Self.nameless, mode) : -1
    if nameless >= 0 {
      (self.target, temporary) = (target, nil)
      descriptor = OutputFile.aboveStandard(nameless)
    } else {
      let name = "\(directory)/.tracectl-\(UInt64.random(in: 0 ... .max)).part"
      let named = OSPath.open(name, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
      guard named >= 0 else {
        (self.target, temporary) = (nil, nil)
        descriptor = try Self.inPlace(path, mode)
        return
      }
      (self.target, temporary) = (target, name)
      descriptor = OutputFile.aboveStandard(named)
      UnfinishedFile.removeAtSignals(name)
    }
    keepOwner()
  }

  deinit {
    close(descriptor)
    if let temporary { _ = OSPath.unlink(temporary) }
    if target != nil { UnfinishedFile.forget() }
  }

  /// Gives the file its name. Call once, after everything is written.
  package func commit() throws(FormatError) {
    guard let target else { return }
    if temporary == nil {
      let name = "\(Self.directory(of: target))/.tracectl-\(UInt64.random(in: 0 ... .max)).part"
      guard OSPath.linkat(descriptor: descriptor, name) == 0 else {
        throw .io(operation: "create", path: path, code: errno)
      }
      temporary = name
    }
    guard let temporary, OSPath.renameat(AT_FDCWD, temporary, AT_FDCWD, target) == 0 else {
      throw .io(operation: "replace", path: path, code: errno)
    }
    self.temporary = nil
  }

  /// O_TMPFILE, which Swift does not import.
  private static let nameless: Int32 = 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC

  /// Returns the path to replace; nil if the file is to be written in place.
  private static func target(of path: String) throws(FormatError) -> String? {
    if path.hasPrefix("/dev/") || path.hasPrefix("/proc/") { return nil }
    var (link, status) = (stat(), stat())
    guard OSPath.lstat(path, &link) == 0 else { return errno == ENOENT ? path : nil }
    // A link to nothing is followed by opening it.
    guard OSPath.stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    try OutputFile.check(path)
    guard OSPath.access(path, W_OK) == 0 else {
      throw .io(operation: "create", path: path, code: errno)
    }
    return link.st_mode & S_IFMT == S_IFLNK ? OSPath.realpath(path) : path
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func inPlace(_ path: String, _ mode: UInt32) throws(FormatError) -> Int32 {
    let opened = try OutputFile.open(path, mode: mode).descriptor
    // Fails for a device or a pipe, which has no content.
    _ = ftruncate(opened, 0)
    return opened
  }

  /// Gives the new file the owner and the mode of the one that it replaces.
  private func keepOwner() {
    var (old, new) = (stat(), stat())
    guard let target, OSPath.stat(target, &old) == 0, fstat(descriptor, &new) == 0 else { return }
    if old.st_uid != new.st_uid || old.st_gid != new.st_gid {
      _ = fchown(descriptor, old.st_uid, old.st_gid)
    }
    _ = fchmod(descriptor, old.st_mode & 0o777)
  }
}

/// The one unfinished file with a name, which is removed if a signal ends the program.
private enum UnfinishedFile {
  nonisolated(unsafe) private static var name: UnsafeMutablePointer<CChar>?
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  static func removeAtSignals(_ path: String) {
    name = OSPath.copy(path)
    for number in signals {
      // What is ignored stays so.
      let former = signal(number) { number in
        if let name = UnfinishedFile.name { OSPath.remove(name) }
        signal(number, SIG_DFL)
        raise(number)
      }
      if unsafeBitCast(former, to: Int.self) == 1 { signal(number, SIG_IGN) }
    }
  }

  static func forget() {
    guard name != nil else { return }
    for number in signals { signal(number, SIG_DFL) }
    name = nil
  }
}
