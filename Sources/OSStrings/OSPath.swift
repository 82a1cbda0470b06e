package import Glibc

/// `statvfs` is also a type, which hides the function inside the enumeration.
private func fileSystem(at path: UnsafePointer<CChar>, _ status: inout statvfs) -> Int32 {
  statvfs(path, &status)
}

/// System calls that take or return a path or a name. They are like Glibc's, but use the bytes that
/// a text represents (`String.osBytes`).
///
/// The package passes strings to the system only here; a tidy test checks this.
package enum OSPath {
  package static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    path.withOSString { Glibc.open($0, flags, mode) }
  }

  package static func openat(
    _ directory: Int32, _ path: String, _ flags: Int32, _ mode: mode_t = 0
  ) -> Int32 {
    path.withOSString { Glibc.openat(directory, $0, flags, mode) }
  }

  package static func fopen(_ path: String, _ mode: String) -> UnsafeMutablePointer<FILE>? {
    path.withOSString { Glibc.fopen($0, mode) }
  }

  package static func opendir(_ path: String) -> OpaquePointer? {
    path.withOSString { Glibc.opendir($0) }
  }

  /// An entry's name.
  package static func name(_ entry: UnsafeMutablePointer<dirent>) -> String {
    withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(osBytes: UnsafeRawBufferPointer(rebasing: bytes.prefix { $0 != 0 }))
    }
  }

  /// Whether an entry's name has a prefix. Unlike a comparison of names, it copies nothing.
  package static func name(
    _ entry: UnsafeMutablePointer<dirent>, startsWith prefix: StaticString
  ) -> Bool {
    withUnsafePointer(to: &entry.pointee.d_name) { name in
      strncmp(name.pointer(to: \.0)!, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0
    }
  }

  package static func stat(_ path: String, _ status: inout stat) -> Int32 {
    path.withOSString { Glibc.fstatat(AT_FDCWD, $0, &status, 0) }
  }

  package static func lstat(_ path: String, _ status: inout stat) -> Int32 {
    path.withOSString { Glibc.lstat($0, &status) }
  }

  package static func fstatat(
    _ directory: Int32, _ path: String, _ status: inout stat, _ flags: Int32
  ) -> Int32 {
    path.withOSString { Glibc.fstatat(directory, $0, &status, flags) }
  }

  package static func statvfs(_ path: String, _ status: inout statvfs) -> Int32 {
    path.withOSString { fileSystem(at: $0, &status) }
  }

  package static func access(_ path: String, _ mode: Int32) -> Int32 {
    path.withOSString { Glibc.access($0, mode) }
  }

  /// The target of a symbolic link; nil (errno) if it cannot be read.
  package static func readlink(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
      let target = buffer.bindMemory(to: CChar.self)
      let count = path.withOSString { Glibc.readlink($0, target.baseAddress!, target.count) }
      guard count > 0 else { return nil }
      return String(
        osBytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
    }
  }

  package static func link(_ path: String, _ other: String) -> Int32 {
    path.withOSString { path in other.withOSString { Glibc.link(path, $0) } }
  }

  package static func unlink(_ path: String) -> Int32 {
    path.withOSString { Glibc.unlink($0) }
  }

  package static func unlinkat(_ directory: Int32, _ path: String, _ flags: Int32) -> Int32 {
    path.withOSString { Glibc.unlinkat(directory, $0, flags) }
  }

  package static func renameat(
    _ directory: Int32, _ path: String, _ other: Int32, _ name: String
  ) -> Int32 {
    path.withOSString { path in name.withOSString { Glibc.renameat(directory, path, other, $0) } }
  }

  /// Gives a file that is open, and may have no name, a name that must not exist.
  package static func linkat(descriptor: Int32, _ name: String) -> Int32 {
    name.withOSString {
      Glibc.linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, $0, AT_SYMLINK_FOLLOW)
    }
  }

  /// The path without symbolic links; nil (errno) if there is no such file.
  package static func realpath(_ path: String) -> String? {
    guard let found = path.withOSString({ Glibc.realpath($0, nil) }) else { return nil }
    defer { free(found) }
    return String(osBytes: UnsafeRawBufferPointer(start: found, count: strlen(found)))
  }

  /// The bytes of a path, for a signal handler. The caller frees them.
  package static func copy(_ path: String) -> UnsafeMutablePointer<CChar>? {
    path.withOSString { strdup($0) }
  }

  /// Removes a file by the bytes of its path; may be called in a signal handler.
  package static func remove(_ path: UnsafeMutablePointer<CChar>) { _ = Glibc.unlink(path) }

  package static func mkdir(_ path: String, _ mode: mode_t) -> Int32 {
    path.withOSString { Glibc.mkdir($0, mode) }
  }

  package static func chmod(_ path: String, _ mode: mode_t) -> Int32 {
    path.withOSString { Glibc.chmod($0, mode) }
  }

  package static func inotify_add_watch(
    _ descriptor: Int32, _ path: String, _ events: UInt32
  ) -> Int32 {
    path.withOSString { Glibc.inotify_add_watch(descriptor, $0, events) }
  }

  /// An environment variable; nil if it is not set.
  package static func getenv(_ name: String) -> String? {
    Glibc.getenv(name).map { String(osString: $0) }
  }

  /// The program's arguments, including its name.
  ///
  /// `CommandLine.arguments` replaces bytes that are not UTF-8 by U+FFFD.
  package static var arguments: [String] {
    (0..<Int(CommandLine.argc)).compactMap { index in
      CommandLine.unsafeArgv[index].map { String(osString: $0) }
    }
  }
}
