// Strings of the operating system: paths, command lines, names of programs and threads, environment
// variables. They are bytes without a NUL, and usually UTF-8; a Swift string is always UTF-8.
//
// In this project, such a string is stored as a `String` that preserves every byte:
//
// - Valid UTF-8 is unchanged.
// - A byte that is not part of valid UTF-8 (0x80...0xff) becomes the character U+10FF00 + the byte:
//   0xff is U+10FFFF. These 128 characters are at the end of the last private plane and are
//   practically unused.
// - If the input contains one of these characters, each of its four bytes becomes such a character.
//
// Converting to text and back (`osBytes`) is therefore lossless, and equal bytes are equal texts.
// The system gets the original bytes, a terminal `\xff`, and JSON the characters.

extension String {
  /// The text for bytes of the operating system.
  ///
  /// - Guarantee: ``osBytes`` of it are these bytes.
  public init(osBytes bytes: UnsafeRawBufferPointer) {
    if OSText.isASCII(bytes) {
      // Validation is generic code. Its first use takes 15,000 instructions.
      self = String(unsafeUninitializedCapacity: bytes.count) {
        UnsafeMutableRawBufferPointer($0).copyMemory(from: bytes)
        return bytes.count
      }
    } else if let text = String(validating: bytes, as: UTF8.self), !OSText.hasMark(bytes) {
      self = text
    } else {
      self = OSText.marking(bytes)
    }
  }

  /// The text for bytes of the operating system.
  public init(osBytes bytes: some Sequence<UInt8>) {
    self = Array(bytes).withUnsafeBytes { String(osBytes: $0) }
  }

  /// The text for a string of the operating system that a NUL ends.
  public init(osString: UnsafePointer<CChar>) {
    var count = 0
    while osString[count] != 0 { count += 1 }
    self.init(osBytes: UnsafeRawBufferPointer(start: osString, count: count))
  }

  /// The bytes that the text represents; for ordinary text, its UTF-8.
  public var osBytes: [UInt8] {
    var text = self
    return text.withUTF8 { OSText.unmarking(UnsafeRawBufferPointer($0)) }
  }

  /// Calls a closure with the bytes that the text represents, followed by a NUL.
  ///
  /// - Trap: the system sees the text only up to its first NUL.
  public func withOSString<Result>(
    _ body: (UnsafePointer<CChar>) throws -> Result
  ) rethrows -> Result {
    // Ordinary text is passed without a copy.
    if !utf8.contains(OSText.firstByte) { return try withCString(body) }
    let bytes = osBytes + [0]
    return try bytes.withUnsafeBytes {
      try body($0.assumingMemoryBound(to: CChar.self).baseAddress!)
    }
  }
}

/// The marks: U+10FF80...U+10FFFF, which represent the bytes 0x80...0xff. In UTF-8 they are `f4 8f
/// be 80` to `f4 8f bf bf`.
package enum OSText {
  /// First byte of a mark in UTF-8; text without this byte has no mark.
  package static let firstByte: UInt8 = 0xf4

  /// The character that represents a byte of 0x80 or more.
  package static func mark(_ byte: UInt8) -> Unicode.Scalar {
    Unicode.Scalar(0x10_ff00 | UInt32(byte)) ?? "\u{fffd}"
  }

  /// The byte represented by the mark at `index`; nil if the four bytes there are not a mark.
  package static func markedByte(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt8? {
    guard index + 3 < bytes.count, bytes[index] == firstByte, bytes[index + 1] == 0x8f,
      bytes[index + 2] & 0xfe == 0xbe, bytes[index + 3] & 0xc0 == 0x80
    else { return nil }
    return 0x80 | (bytes[index + 2] & 1) << 6 | bytes[index + 3] & 0x3f
  }

  static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var union: UInt8 = 0
    for byte in bytes { union |= byte }
    return union < 0x80
  }

  static func hasMark(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    while index < bytes.count {
      if bytes[index] == firstByte, markedByte(bytes, at: index) != nil { return true }
      index += 1
    }
    return false
  }

  static func marking(_ bytes: UnsafeRawBufferPointer) -> String {
    var text = String.UnicodeScalarView()
    var index = 0
    while index < bytes.count {
      if markedByte(bytes, at: index) == nil, let (scalar, length) = character(bytes, at: index) {
        text.append(scalar)
        index += length
      } else {
        text.append(mark(bytes[index]))
        index += 1
      }
    }
    return String(text)
  }

  static func unmarking(_ text: UnsafeRawBufferPointer) -> [UInt8] {
    guard hasMark(text) else { return Array(text) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      if let byte = markedByte(text, at: index) {
        bytes.append(byte)
        index += 4
      } else {
        bytes.append(text[index])
        index += 1
      }
    }
    return bytes
  }

  /// The character at `index` and its length, or nil if the bytes are not UTF-8.
  private static func character(
    _ bytes: UnsafeRawBufferPointer, at index: Int
  ) -> (scalar: Unicode.Scalar, length: Int)? {
    let first = bytes[index]
    let length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    guard index + length <= bytes.count else { return nil }
    let piece = UnsafeRawBufferPointer(rebasing: bytes[index..<index + length])
    guard let text = String(validating: piece, as: UTF8.self),
      let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1
    else { return nil }
    return (scalar, length)
  }
}
