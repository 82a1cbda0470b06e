/// The fields of a protobuf message, one after the other.
///
/// - Guarantee: ends at the first byte that does not fit, and then `isBroken` is true.
struct ProtobufFields {
  enum Value {
    case number(UInt64)
    case bytes(Range<Int>)

    var isBytes: Bool { if case .bytes = self { true } else { false } }
  }

  private let all: UnsafeRawBufferPointer
  private var offset: Int
  private let end: Int
  private(set) var isBroken = false
  /// Where the last field starts, and where its value does; of bytes, where their size is.
  private(set) var start = 0
  private(set) var valueStart = 0

  /// - Parameter range: the message's place in the bytes.
  init(_ all: UnsafeRawBufferPointer, _ range: Range<Int>) {
    self.all = all
    (offset, end) = (range.lowerBound, min(range.upperBound, all.count))
  }

  var isAtEnd: Bool { offset >= end }

  /// The next field; nil at the end, or if the bytes are no field.
  mutating func next() -> (number: Int, value: Value)? {
    guard offset < end else { return nil }
    start = offset
    guard let tag = varint(), let number = Int(exactly: tag >> 3), number > 0 else {
      return broken()
    }
    valueStart = offset
    switch tag & 7 {
    case 0:
      guard let value = varint() else { return broken() }
      return (number, .number(value))
    case 1: return fixed(8, number)
    case 5: return fixed(4, number)
    case 2:
      guard let size = varint(), size <= UInt64(end - offset) else { return broken() }
      defer { offset += Int(size) }
      return (number, .bytes(offset..<offset + Int(size)))
    default: return broken()
    }
  }

  /// The bytes whose size is at an offset, as far as there are any.
  static func sized(_ all: UnsafeRawBufferPointer, at offset: Int) -> Range<Int> {
    var fields = ProtobufFields(all, offset..<all.count)
    guard let size = fields.varint(), size <= UInt64(fields.end - fields.offset) else {
      return 0..<0
    }
    return fields.offset..<fields.offset + Int(size)
  }

  private mutating func fixed(_ size: Int, _ number: Int) -> (number: Int, value: Value)? {
    guard end - offset >= size else { return broken() }
    defer { offset += size }
    let value = (0..<size).reduce(UInt64(0)) { $0 | UInt64(all[offset + $1]) << UInt64(8 * $1) }
    return (number, .number(value))
  }

  private mutating func broken() -> (number: Int, value: Value)? {
    (isBroken, offset) = (true, end)
    return nil
  }

  /// A number of at most ten bytes; nil if the bytes end within it.
  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < end, shift < 70 {
      let byte = all[offset]
      offset += 1
      value |= shift < 64 ? UInt64(byte & 0x7f) << shift : 0
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// Calls `body` with the numbers of a repeated field, packed or not. False if the bytes are
  /// broken.
  static func forEach(
    _ value: Value, in all: UnsafeRawBufferPointer, _ body: (UInt64) -> Void
  ) -> Bool {
    switch value {
    case .number(let number):
      body(number)
      return true
    case .bytes(let range):
      var packed = ProtobufFields(all, range)
      while !packed.isAtEnd {
        guard let number = packed.varint() else { return false }
        body(number)
      }
      return true
    }
  }
}
