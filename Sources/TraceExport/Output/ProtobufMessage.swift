/// The bytes of one protobuf message, field by field.
///
/// - Cost: appends to one array, which keeps its memory when it is cleared. No reflection.
/// - Trap: nothing checks the numbers and types of fields; the judges of each format do.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  /// Removes the content and keeps the memory.
  mutating func clear() { bytes.removeAll(keepingCapacity: true) }

  var isEmpty: Bool { bytes.isEmpty }

  @inline(__always)
  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Writes an integer, a boolean or an enumeration.
  @inline(__always)
  mutating func field(_ number: UInt64, _ value: UInt64) {
    append(varint: number << 3)
    append(varint: value)
  }

  /// Writes a signed integer of the types int32 and int64.
  mutating func field(_ number: UInt64, signed value: Int64) {
    field(number, UInt64(bitPattern: value))
  }

  mutating func field(_ number: UInt64, double value: Double) {
    append(varint: number << 3 | 1)
    for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
    }
  }

  mutating func field(_ number: UInt64, _ message: ProtobufMessage) {
    field(number, bytes: message.bytes)
  }

  mutating func field(_ number: UInt64, bytes content: [UInt8]) {
    append(varint: number << 3 | 2)
    append(varint: UInt64(content.count))
    bytes += content
  }

  /// Writes a string. A Swift string is always valid UTF-8.
  mutating func field(_ number: UInt64, text: String) {
    var text = text
    append(varint: number << 3 | 2)
    text.withUTF8 {
      append(varint: UInt64($0.count))
      bytes += $0
    }
  }

  /// Writes a repeated integer in packed form; nothing if there are no values.
  mutating func field(_ number: UInt64, packed values: [UInt64]) {
    if values.isEmpty { return }
    append(varint: number << 3 | 2)
    append(varint: values.reduce(0) { $0 + Self.length(of: $1) })
    for value in values { append(varint: value) }
  }

  private static func length(of value: UInt64) -> UInt64 {
    UInt64(max(1, (64 - value.leadingZeroBitCount + 6) / 7))
  }
}

extension ProtobufMessage {
  /// Appends the fields of another message.
  mutating func append(_ fields: ProtobufMessage) { bytes += fields.bytes }

  /// Writes a message that consists of the fields of two.
  mutating func field(_ number: UInt64, _ first: ProtobufMessage, then second: ProtobufMessage?) {
    append(varint: number << 3 | 2)
    append(varint: UInt64(first.bytes.count + (second?.bytes.count ?? 0)))
    bytes += first.bytes
    if let second { bytes += second.bytes }
  }
}
