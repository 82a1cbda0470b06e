internal import Glibc
internal import OSStrings
internal import TraceEvents
internal import TraceSymbols

/// The images that `perf inject --jit` makes of the code in a jitdump file.
enum PerfInjected {
  /// Whether a mapped file is such an image, by its name: `jitted-PID-NUMBER.so`.
  static func isImage(_ path: String) -> Bool {
    guard path.hasSuffix(".so"), let name = path.split(separator: "/").last else { return false }
    return name.hasPrefix("jitted-")
  }

  /// The build id of such an image, read from the file if it is the mapped one; empty otherwise.
  ///
  /// perf makes the images when the recording has ended. Without its build id, such a file would be
  /// taken for one that replaced the mapped file since.
  static func buildID(of image: ImageMap) -> [UInt8] {
    var status = stat()
    guard isImage(image.path), image.inode != 0, OSPath.stat(image.path, &status) == 0,
      status.st_mode & S_IFMT == S_IFREG,
      MappedFile.is(status, at: image.path, device: image.device, inode: image.inode)
    else { return [] }
    return (try? ELFFile(path: image.path))?.buildID?.bytes ?? []
  }
}
