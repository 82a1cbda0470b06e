import OSStrings
import TraceSymbols

/// A piece of a process's memory that it may execute, and the image it shows, if any.
struct CodeMapping {
  var start: UInt64
  /// The first address after it.
  var end: UInt64
  var fileOffset: UInt64
  /// Nil for memory without a file: code made at run time.
  var identity: UnwindImages.Identity?

  /// - Parameter buildID: of the image where the record has none.
  init(_ map: PerfMap, buildID: [UInt8] = []) {
    start = map.address
    end = map.address.addingReportingOverflow(map.size).overflow ? .max : map.address &+ map.size
    fileOffset = map.fileOffset
    let path = String(
      osBytes: UnsafeRawBufferPointer(rebasing: map.path.prefix(PerfTranslator.pathBytesMax)))
    identity = Self.identity(
      path: path, buildID: map.buildID.isEmpty ? buildID : Array(map.buildID),
      device: ProcessMaps.device(major: map.major, minor: map.minor), inode: map.inode)
  }

  init(_ map: ProcessMap) {
    start = map.start
    end = map.end
    fileOffset = map.fileOffset
    let path = map.isDeleted ? map.path + Self.deletedMark : map.path
    identity = Self.identity(path: path, buildID: [], device: map.device, inode: map.inode)
  }

  private static let deletedMark = " (deleted)"

  /// Nil for what has no file that could be read: memory that only looks like a file (`//anon`,
  /// `/memfd:`, `/dev/zero`, `/SYSV`), and what runtimes announce their code with.
  ///
  /// Of a deleted file the name alone is left. Another may have it now, which is seen by its build
  /// id or its inode.
  private static func identity(
    path: String, buildID: [UInt8], device: UInt64, inode: UInt64
  ) -> UnwindImages.Identity? {
    if path == "[vdso]" { return UnwindImages.Identity(path: path) }
    // What has a build id is an image, also in memory that only looks like a file.
    guard path.utf8.first == UInt8(ascii: "/"),
      !buildID.isEmpty || !notFiles.contains(where: path.hasPrefix),
      !(path.hasSuffix(".dump") && path.contains("/jit-"))
    else { return nil }
    let name = path.hasSuffix(deletedMark) ? String(path.dropLast(deletedMark.count)) : path
    return UnwindImages.Identity(path: name, buildID: buildID, device: device, inode: inode)
  }

  private static let notFiles = ["//", "/memfd:", "/dev/", "/SYSV", "/anon_hugepage", "/[aio]"]
}
