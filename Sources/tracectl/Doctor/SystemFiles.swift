import Glibc
import OSStrings

/// Small text files of /proc and /sys.
enum SystemFiles {
  static let byteLimit = 64 * 1024

  /// A file's first part without the last line break; nil when it cannot be read.
  static func text(_ path: String) -> String? {
    let descriptor = OSPath.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: byteLimit)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { return nil }
    var text = Substring(decoding: bytes.prefix(count), as: UTF8.self)
    while text.last == "\n" { text.removeLast() }
    return String(text)
  }

  static func integer(_ path: String) -> Int? { text(path).flatMap { Int($0) } }
}
