/// Words and decimal numbers in the lines of a file of /proc.
///
/// - Guarantee: stays within the bytes, whatever they are.
/// - Cost: no allocation.
struct CounterText {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private static let lineBreak = UInt8(ascii: "\n")

  var isAtEnd: Bool { position >= bytes.count }

  /// The next byte; a line break at the end.
  private var next: UInt8 { position < bytes.count ? bytes[position] : Self.lineBreak }

  private mutating func skipBlanks() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
      position += 1
    }
  }

  /// Moves to the beginning of the next line.
  mutating func skipLine() {
    while position < bytes.count {
      position += 1
      if bytes[position - 1] == Self.lineBreak { return }
    }
  }

  /// Moves past a text if it is next.
  mutating func take(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
    position += count
    return true
  }

  /// Returns the next word of the line, which may be empty.
  mutating func word(endingAt end: UInt8 = 0x20) -> UnsafeRawBufferPointer {
    skipBlanks()
    let start = position
    while next != end, next != Self.lineBreak { position += 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// Moves past words of the line.
  mutating func skipWords(_ count: Int) { for _ in 0..<count { _ = word() } }

  /// Returns the next word of the line as a number; nil if it is none. A number above 64 bits is
  /// the largest one.
  mutating func number() -> UInt64? {
    skipBlanks()
    var value: UInt64 = 0
    let start = position
    while next >= 0x30, next <= 0x39 {
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeToo) = product.addingReportingOverflow(UInt64(next - 0x30))
      value = isTooLarge || isTooLargeToo ? .max : sum
      position += 1
    }
    return position > start ? value : nil
  }

  /// Returns the next number, or 0.
  mutating func count() -> UInt64 { number() ?? 0 }

  /// Moves past the next byte, such as a point.
  mutating func skipByte() { if position < bytes.count { position += 1 } }

  /// Moves past the last occurrence of a byte; returns whether there is one.
  mutating func skip(pastLast byte: UInt8) -> Bool {
    guard let place = bytes.lastIndex(of: byte) else { return false }
    position = place + 1
    return true
  }

  /// Calls `body` at the beginning of each line from here on.
  mutating func forEachLine(_ body: (inout CounterText) -> Void) {
    while !isAtEnd {
      let start = position
      body(&self)
      // A body that stopped after a line's end must not skip the next line.
      position = min(max(position, start), bytes.count)
      if position == start || bytes[position - 1] != Self.lineBreak { skipLine() }
    }
  }

  /// Returns the number behind a key at the beginning of a line.
  mutating func number(after key: StaticString) -> UInt64? {
    position = 0
    while !isAtEnd {
      if take(key) { return number() }
      skipLine()
    }
    return nil
  }
}
