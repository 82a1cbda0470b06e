/// The common form of messages that differ only in their values: each number is `#`, and each
/// quoted text is `…` in its quotes.
///
///     For input string: "x12"       For input string: "…"
///     order 17 is 0x7f2c late       order # is # late
public enum MessagePattern {
  /// Maximum length of a pattern in bytes; the rest of a message is `…`.
  public static let bytesMax = 200

  /// Returns the pattern of a message.
  ///
  /// - Cost: one pass over at most the first kilobyte.
  public static func of(_ message: String) -> String {
    let bytes = Array(message.utf8.prefix(1024))
    var pattern: [UInt8] = []
    var position = 0
    while position < bytes.count, pattern.count < bytesMax {
      let byte = bytes[position]
      if isDigit(byte) {
        position = endOfNumber(bytes, position)
        pattern.append(UInt8(ascii: "#"))
      } else if let end = endOfQuote(bytes, position) {
        pattern += [byte] + ellipsis + [byte]
        position = end
      } else {
        pattern.append(byte)
        position += 1
      }
    }
    if let next = message.utf8.dropFirst(position).first {
      // A character is not cut.
      if next & 0xC0 == 0x80 {
        while let last = pattern.popLast(), last & 0xC0 == 0x80 {}
      }
      pattern += ellipsis
    }
    return String(decoding: pattern, as: UTF8.self)
  }

  private static let ellipsis = Array("…".utf8)

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x61...0x66).contains(byte | 0x20)
  }

  /// Returns the end of the digits from `start` on, which may follow `0x`.
  private static func endOfNumber(_ bytes: [UInt8], _ start: Int) -> Int {
    let isPrefixed =
      start + 2 < bytes.count && bytes[start] == 0x30 && bytes[start + 1] == UInt8(ascii: "x")
      && isHexadecimal(bytes[start + 2])
    var end = isPrefixed ? start + 2 : start
    while end < bytes.count, isPrefixed ? isHexadecimal(bytes[end]) : isDigit(bytes[end]) {
      end += 1
    }
    return end
  }

  /// Returns the end of the quoted text that begins at `start`; nil if there is none. An apostrophe
  /// within a word begins none.
  private static func endOfQuote(_ bytes: [UInt8], _ start: Int) -> Int? {
    let quote = bytes[start]
    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
    if start > 0, isWord(bytes[start - 1]) { return nil }
    return bytes[(start + 1)...].firstIndex(of: quote).map { $0 + 1 }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte >= 0x80 || (0x61...0x7a).contains(byte | 0x20)
  }
}
