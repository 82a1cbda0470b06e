internal import OSStrings

// Strings come from traced programs. Anything that could move a terminal's cursor, change its
// colors, reorder text or break a line is escaped.

/// How a format escapes unsafe characters.
enum EscapeStyle {
  /// `\n`, `\"`, `\\`, `\x1b`, `\u{202e}`; bytes that are not UTF-8 as `\xff`.
  case text
  /// RFC 8259: `\n`, `\"`, `\\`, `\u001b`; bytes that are not UTF-8 as U+FFFD, one per maximal
  /// subpart of a character.
  case json
  /// Like ``json``, for strings of the operating system, without loss: a byte that is not UTF-8
  /// becomes U+10FF00 + the byte, as in a `String(osBytes:)`.
  case osJSON
  /// Like ``text``, but quotes are doubled (RFC 4180).
  case csv

  var isJSON: Bool { self == .json || self == .osJSON }
}

extension OutputBuffer {
  /// Appends bytes that should be UTF-8, escaped, without surrounding quotes.
  @inline(__always)
  mutating func append(escaping bytes: UnsafeRawBufferPointer, _ style: EscapeStyle) {
    guard let base = bytes.baseAddress else { return }
    let start = base.assumingMemoryBound(to: UInt8.self)
    var position = 0
    while position < bytes.count {
      let run = plainRun(start + position, limit: bytes.count - position)
      append(ByteSlice(start: start + position, count: run))
      position += run
      if position < bytes.count {
        position += appendEscaped(start + position, available: bytes.count - position, style)
      }
    }
  }

  /// Appends text from a trace, made safe for terminals: control characters, `"` and `\` are
  /// written as escapes (`\n`, `\x1b`, `\u{202e}`). Operating system bytes that are not UTF-8, as
  /// represented by `String(osBytes:)`, are written as `\xff`.
  public mutating func append(escaped text: String) { append(escaping: text, .text) }

  /// Appends a name; names are rendered once per schema.
  mutating func append(escaping text: String, _ style: EscapeStyle) {
    var text = text
    if !style.isJSON, text.utf8.contains(0xf4) {
      text.osBytes.withUnsafeBytes { append(escaping: $0, style) }
      return
    }
    text.withUTF8 { append(escaping: UnsafeRawBufferPointer($0), style) }
  }

  /// Returns the number of bytes from `start` that need no escape in any style: printable ASCII
  /// except `"` and `\`.
  @inline(__always)
  private func plainRun(_ start: UnsafePointer<UInt8>, limit: Int) -> Int {
    var length = 0
    while length < limit {
      let byte = start[length]
      guard byte &- 0x20 < 0x5f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
        break
      }
      length &+= 1
    }
    return length
  }

  /// Writes the character at `start`. Returns the number of input bytes consumed.
  private mutating func appendEscaped(
    _ start: UnsafePointer<UInt8>, available: Int, _ style: EscapeStyle
  ) -> Int {
    let byte = start[0]
    if byte < 0x80 {
      appendEscaped(ascii: byte, style)
      return 1
    }
    if style == .osJSON,
      OSText.markedByte(UnsafeRawBufferPointer(start: start, count: available), at: 0) != nil
    {
      // A scalar that represents a byte in other strings.
      append(scalar: OSText.mark(byte))
      return 1
    }
    guard let (scalar, length) = decodeUTF8(start, available: available) else {
      if style == .osJSON {
        append(scalar: OSText.mark(byte))
        return 1
      }
      guard style == .json else {
        append("\\x")
        append(hexByte: byte)
        return 1
      }
      append("\u{fffd}")
      return brokenLength(start, available: available)
    }
    if isUnsafe(scalar) {
      appendEscaped(scalar: scalar, style)
    } else {
      append(ByteSlice(start: start, count: length))
    }
    return length
  }

  private mutating func appendEscaped(ascii byte: UInt8, _ style: EscapeStyle) {
    switch byte {
    case UInt8(ascii: "\""): append(style == .csv ? "\"\"" : "\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x0a: append("\\n")
    case 0x0d: append("\\r")
    case 0x09: append("\\t")
    default:
      append(style.isJSON ? "\\u00" : "\\x")
      append(hexByte: byte)
    }
  }

  private mutating func appendEscaped(scalar: UInt32, _ style: EscapeStyle) {
    append(style.isJSON ? "\\u" : "\\u{")
    append(hexByte: UInt8(truncatingIfNeeded: scalar >> 8))
    append(hexByte: UInt8(truncatingIfNeeded: scalar))
    if !style.isJSON { append(byte: UInt8(ascii: "}")) }
  }

  private mutating func append(scalar: Unicode.Scalar) {
    for byte in UTF8.encode(scalar)! { append(byte: byte) }
  }
}

/// Returns `text` with all unsafe characters escaped. For names, which are rendered once per
/// schema, and for strings from files and processes that commands print.
package func escapedForTerminal(_ text: String) -> String { escaped(text, .text) }

func escaped(_ text: String, _ style: EscapeStyle) -> String {
  var output = OutputBuffer(collecting: text.utf8.count * 8 + 64)
  output.append(escaping: text, style)
  return String(
    decoding: UnsafeBufferPointer(start: output.base, count: output.count), as: UTF8.self)
}

/// Whether the scalar is a C1 control, a line or paragraph separator, or a bidirectional formatting
/// mark; all of these are below U+10000.
private func isUnsafe(_ scalar: UInt32) -> Bool {
  switch scalar {
  case 0x80...0x9f, 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
  default: false
  }
}

/// Returns the number of bytes that one U+FFFD replaces: the longest prefix of a character at
/// `start`, at least one byte. Unicode calls it the maximal subpart.
private func brokenLength(_ start: UnsafePointer<UInt8>, available: Int) -> Int {
  let length: Int
  var second: ClosedRange<UInt8> = 0x80...0xbf
  switch start[0] {
  case 0xe0: (length, second) = (3, 0xa0...0xbf)
  case 0xed: (length, second) = (3, 0x80...0x9f)
  case 0xe1...0xef: length = 3
  case 0xf0: (length, second) = (4, 0x90...0xbf)
  case 0xf1...0xf3: length = 4
  case 0xf4: (length, second) = (4, 0x80...0x8f)
  default: return 1
  }
  guard available > 1, second.contains(start[1]) else { return 1 }
  var end = 2
  while end < min(length, available), start[end] & 0xc0 == 0x80 { end += 1 }
  return end
}

/// Returns the scalar at `start` and its length, or nil if the bytes are not UTF-8 (overlong form,
/// surrogate, above U+10FFFF, truncated).
private func decodeUTF8(
  _ start: UnsafePointer<UInt8>, available: Int
) -> (scalar: UInt32, length: Int)? {
  let first = start[0]
  let length: Int
  let least: UInt32
  var scalar: UInt32
  switch first {
  case 0xc2...0xdf: (length, least, scalar) = (2, 0x80, UInt32(first & 0x1f))
  case 0xe0...0xef: (length, least, scalar) = (3, 0x800, UInt32(first & 0x0f))
  case 0xf0...0xf4: (length, least, scalar) = (4, 0x1_0000, UInt32(first & 0x07))
  default: return nil
  }
  guard available >= length else { return nil }
  for index in 1..<length {
    guard start[index] & 0xc0 == 0x80 else { return nil }
    scalar = scalar << 6 | UInt32(start[index] & 0x3f)
  }
  let isSurrogate = (0xd800...0xdfff).contains(scalar)
  guard scalar >= least, scalar <= 0x10_ffff, !isSurrogate else { return nil }
  return (scalar, length)
}
