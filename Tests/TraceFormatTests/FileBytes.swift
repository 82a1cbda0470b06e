import Glibc

/// Whole files, in tests.
enum FileBytes {
  static func read(_ path: String) throws -> [UInt8] {
    let file = fopen(path, "rb")
    guard let file else { throw POSIXFailure(code: errno) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    let file = fopen(path, "wb")
    guard let file else { throw POSIXFailure(code: errno) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw POSIXFailure(code: errno)
    }
  }
}

struct POSIXFailure: Error {
  var code: Int32
}
