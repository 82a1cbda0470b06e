/// A number as text, for numbers that are written many times.
struct DecimalText: BitwiseCopyable {
  /// A comma and the digits, the comma in the lowest byte; 0 if they do not fit.
  fileprivate private(set) var bytes: UInt64 = 0
  fileprivate private(set) var digitCount = 0
  fileprivate let value: UInt32

  init(_ value: UInt32) {
    self.value = value
    guard value < 10_000_000 else { return }
    var rest = value
    repeat {
      bytes = bytes << 8 | UInt64(0x30 + rest % 10)
      rest /= 10
      digitCount += 1
    } while rest > 0
    bytes = bytes << 8 | UInt64(UInt8(ascii: ","))
  }
}

extension OutputBuffer {
  /// Appends a number, after a comma unless it is the first one.
  @inline(__always)
  mutating func append(_ text: DecimalText, isFirst: Bool) {
    reserve(Self.itemByteLimit)
    guard text.digitCount > 0 else {
      if !isFirst { append(",") }
      return append(decimal: UInt64(text.value))
    }
    let bytes = isFirst ? text.bytes >> 8 : text.bytes
    UnsafeMutableRawPointer(base + count).storeBytes(of: bytes.littleEndian, as: UInt64.self)
    count &+= isFirst ? text.digitCount : text.digitCount &+ 1
  }
}
