import OSStrings
import TraceEvents
import TraceKernel
import TraceSymbols

/// An executable mapping of a process, and its image, if any.
struct CodeMapping {
  var start: UInt64
  /// The first address after the mapping.
  var end: UInt64
  var fileOffset: UInt64
  /// Nil for memory without a file: code generated at run time.
  var identity: UnwindImages.Identity?

  init(_ image: ImageMap) {
    start = image.baseAddress
    let (end, overflows) = image.baseAddress.addingReportingOverflow(image.size)
    self.end = overflows ? .max : end
    fileOffset = image.fileOffset
    identity = Self.identity(
      MappedName(shown: image.path), buildID: image.buildID, device: image.device,
      inode: image.inode)
  }

  init(_ map: ProcessMap) {
    start = map.start
    end = map.end
    fileOffset = map.fileOffset
    identity = Self.identity(map.name, buildID: [], device: map.device, inode: map.inode)
  }

  /// Nil for mappings without a readable file, and for those that announce a runtime's code.
  ///
  /// Of a deleted file, only the name is left. Another file may have it now, which is detected by
  /// build id or inode.
  private static func identity(
    _ name: MappedName, buildID: [UInt8], device: UInt64, inode: UInt64
  ) -> UnwindImages.Identity? {
    switch name.kind {
    case .vdso: return UnwindImages.Identity(path: name.path)
    case .jitdump, .vsyscall: return nil
    case .file: break
    // A mapping with a build id is an image, even in memory that only looks like a file.
    case .memoryFile, .anonymous, .other:
      guard !buildID.isEmpty, name.path.utf8.first == UInt8(ascii: "/") else { return nil }
    }
    return UnwindImages.Identity(path: name.path, buildID: buildID, device: device, inode: inode)
  }
}
