internal import OSStrings

/// Appends little-endian integers, LEB128 varints and length-prefixed strings to a byte array.
package struct ByteWriter {
  package var bytes: [UInt8] = []

  package init() {}

  package mutating func append(_ value: UInt8) { bytes.append(value) }

  package mutating func append<T: FixedWidthInteger>(fixed value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Unsigned LEB128: 7 bits per byte, low bits first; the top bit is set on all bytes but the
  /// last.
  package mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A varint length, then UTF-8.
  package mutating func append(_ value: String) {
    append(varint: UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  /// A varint length, then the text's ``Swift/String/osBytes``, cut to `limit` bytes.
  package mutating func append(osString value: String, limit: Int = .max) {
    var text = value.osBytes[...]
    if text.count > limit {
      // Cut between characters if the text is UTF-8.
      var end = limit
      while end > 0, limit - end < 3, text[end] & 0xc0 == 0x80 { end -= 1 }
      text = text[..<end]
    }
    append(varint: UInt64(text.count))
    bytes.append(contentsOf: text)
  }
}

package struct ByteCodingError: Error, Equatable {
  package enum Reason: Equatable, Sendable {
    case endOfBytes
    case varintTooLong
    case tooLong(limit: Int)
    case unknownValue(UInt64)
    /// A numbered rule of the file format that the bytes break.
    case rule(String, value: UInt64)
  }
  package var reason: Reason
  /// Offset from the start of the bytes.
  package var offset: Int
}

/// Reads the output of ``ByteWriter``; checks every length before it reads or allocates.
package struct ByteReader {
  package let bytes: UnsafeRawBufferPointer
  package private(set) var offset = 0

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package var remaining: Int { bytes.count - offset }

  package func error(_ reason: ByteCodingError.Reason) -> ByteCodingError {
    ByteCodingError(reason: reason, offset: offset)
  }

  package mutating func readUInt8() throws(ByteCodingError) -> UInt8 {
    guard remaining >= 1 else { throw error(.endOfBytes) }
    defer { offset += 1 }
    return bytes[offset]
  }

  package mutating func readFixed<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type = T.self
  ) throws(ByteCodingError) -> T {
    let size = MemoryLayout<T>.size
    guard remaining >= size else { throw error(.endOfBytes) }
    defer { offset += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  package mutating func readVarint() throws(ByteCodingError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try readUInt8()
      if shift == 63, byte > 1 { throw error(.varintTooLong) }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 63 { throw error(.varintTooLong) }
    }
  }

  /// A varint that must be at most `limit`.
  package mutating func readCount(limit: Int) throws(ByteCodingError) -> Int {
    let value = try readVarint()
    guard value <= UInt64(limit) else { throw error(.tooLong(limit: limit)) }
    return Int(value)
  }

  package mutating func readBytes(_ count: Int) throws(ByteCodingError) -> UnsafeRawBufferPointer {
    guard count >= 0, remaining >= count else { throw error(.endOfBytes) }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// Bytes that are not UTF-8 become U+FFFD.
  package mutating func readString(limit: Int) throws(ByteCodingError) -> String {
    let count = try readCount(limit: limit)
    return String(decoding: try readBytes(count), as: UTF8.self)
  }

  /// A string of the operating system; all bytes are preserved.
  package mutating func readOSString(limit: Int) throws(ByteCodingError) -> String {
    let count = try readCount(limit: limit)
    return String(osBytes: try readBytes(count))
  }
}
