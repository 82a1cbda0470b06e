import Glibc

/// A file's bytes, read to the end. Foundation takes the first short read for the end of a file in
/// /proc, whose longer ones come in pieces.
public enum WholeFile {
  /// Empty when it cannot be read.
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
