/// The bytes of one protobuf message, field by field.
///
/// - Cost: appends to one array, which keeps its memory when it is cleared. No reflection.
/// - Trap: nothing checks the numbers and types of fields; the judges of each format do.
struct ProtobufMessage {
  /// Longer than the content: a field is written after one check of the room behind it.
  private var storage: [UInt8] = []
  /// Number of bytes of the content.
  private(set) var count = 0

  /// Removes the content and keeps the memory.
  @inline(__always)
  mutating func clear() { count = 0 }

  var isEmpty: Bool { count == 0 }

  /// Passes the content to `body`.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// Calls `write` with room for `most` bytes; it returns the end of what it has written.
  @inline(__always)
  private mutating func extend(
    by most: Int, _ write: (UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
  ) {
    if storage.count &- count < most { grow(by: most) }
    let start = count
    count = storage.withUnsafeMutableBufferPointer {
      let base = $0.baseAddress!
      return write(base + start) - base
    }
  }

  @inline(never)
  private mutating func grow(by most: Int) {
    storage += [UInt8](repeating: 0, count: max(storage.count, most, 64))
  }

  /// Writes an integer, a boolean or an enumeration.
  @inline(__always)
  mutating func field(_ number: UInt64, _ value: UInt64) {
    extend(by: 2 * Varint.bytesMax) { Varint.put(value, at: Varint.put(number << 3, at: $0)) }
  }

  /// Writes a signed integer of the types int32 and int64.
  mutating func field(_ number: UInt64, signed value: Int64) {
    field(number, UInt64(bitPattern: value))
  }

  mutating func field(_ number: UInt64, double value: Double) {
    extend(by: Varint.bytesMax + 8) {
      let end = Varint.put(number << 3 | 1, at: $0)
      UnsafeMutableRawPointer(end).storeBytes(of: value.bitPattern.littleEndian, as: UInt64.self)
      return end + 8
    }
  }

  mutating func field(_ number: UInt64, _ message: ProtobufMessage) {
    message.withBytes { field(number, $0) }
  }

  mutating func field(_ number: UInt64, bytes content: [UInt8]) {
    content.withUnsafeBytes { field(number, $0) }
  }

  /// Writes a string. A Swift string is always valid UTF-8.
  mutating func field(_ number: UInt64, text: String) {
    var text = text
    text.withUTF8 { field(number, UnsafeRawBufferPointer($0)) }
  }

  /// Writes bytes, a message or a string.
  mutating func field(_ number: UInt64, _ content: UnsafeRawBufferPointer) {
    begin(number, byteCount: content.count)
    append(content)
  }

  /// Writes what is before the content of a field with a length.
  @inline(__always)
  private mutating func begin(_ number: UInt64, byteCount: Int) {
    extend(by: 2 * Varint.bytesMax) {
      Varint.put(UInt64(byteCount), at: Varint.put(number << 3 | 2, at: $0))
    }
  }

  private mutating func append(_ content: UnsafeRawBufferPointer) {
    guard let from = content.baseAddress, content.count > 0 else { return }
    extend(by: content.count) {
      UnsafeMutableRawPointer($0).copyMemory(from: from, byteCount: content.count)
      return $0 + content.count
    }
  }

  /// Writes a repeated integer in packed form; nothing if there are no values.
  mutating func field(_ number: UInt64, packed values: [UInt64]) {
    if values.isEmpty { return }
    begin(number, byteCount: values.reduce(0) { $0 + Varint.byteCount($1) })
    extend(by: values.count * Varint.bytesMax) { start in
      values.reduce(start) { Varint.put($1, at: $0) }
    }
  }

  /// Writes a repeated integer, each value as a field.
  mutating func field(_ number: UInt64, each values: some Collection<UInt64>) {
    if values.isEmpty { return }
    extend(by: values.count * 2 * Varint.bytesMax) { start in
      values.reduce(start) { Varint.put($1, at: Varint.put(number << 3, at: $0)) }
    }
  }
}

extension ProtobufMessage {
  /// Appends the fields of another message.
  mutating func append(_ fields: ProtobufMessage) { fields.withBytes { append($0) } }

  /// Writes a message that consists of the fields of two.
  mutating func field(_ number: UInt64, _ first: ProtobufMessage, then second: ProtobufMessage?) {
    begin(number, byteCount: first.count + (second?.count ?? 0))
    append(first)
    if let second { append(second) }
  }
}

/// Protobuf's integers: seven bits in each byte, the low ones first.
enum Varint {
  static let bytesMax = 10

  /// Writes a value, which takes up to ``bytesMax`` bytes. Returns their end.
  @inline(__always)
  static func put(
    _ value: UInt64, at start: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    var (rest, place) = (value, start)
    while rest > 0x7f {
      place.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
      place += 1
      rest >>= 7
    }
    place.pointee = UInt8(truncatingIfNeeded: rest)
    return place + 1
  }

  @inline(__always)
  static func byteCount(_ value: UInt64) -> Int {
    (63 &- (value | 1).leadingZeroBitCount) / 7 &+ 1
  }
}
