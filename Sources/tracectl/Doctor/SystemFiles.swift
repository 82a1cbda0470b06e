import Glibc
import OSStrings

/// Reads small text files of /proc and /sys.
enum SystemFiles {
  static let byteLimit = 64 * 1024

  /// The first part of a file without trailing line breaks; nil if it cannot be read.
  static func text(_ path: String) -> String? {
    guard let bytes = OSPath.contents(path, limit: byteLimit) else { return nil }
    var text = Substring(decoding: bytes, as: UTF8.self)
    while text.last == "\n" { text.removeLast() }
    return String(text)
  }

  static func integer(_ path: String) -> Int? { text(path).flatMap { Int($0) } }
}
