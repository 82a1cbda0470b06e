import Glibc

/// Reads a file's bytes to the end. Foundation treats the first short read as the end of a file in
/// /proc, where longer files are read in pieces.
public enum WholeFile {
  /// Empty if the file cannot be read.
  public static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

  public static func bytes(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count <= 0 { return bytes }
      bytes += chunk[..<count]
    }
  }
}
