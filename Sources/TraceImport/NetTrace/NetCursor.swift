internal import TraceFormat

/// Reads values of a block one after the other. What is missing reads as 0 and sets `isShort`.
struct NetCursor {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int
  private(set) var isShort = false

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = min(offset, bytes.count)
  }

  var rest: Int { bytes.count - offset }

  @inline(__always)
  mutating func take<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) -> T {
    guard rest >= MemoryLayout<T>.size else {
      end()
      return 0
    }
    defer { offset += MemoryLayout<T>.size }
    return bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
  }

  /// A number whose bytes have seven bits each, the lowest first, at most ten of them.
  @inline(__always)
  mutating func varint() -> UInt64 {
    if offset < bytes.count, bytes[offset] < 0x80 {
      defer { offset += 1 }
      return UInt64(bytes[offset])
    }
    return longVarint()
  }

  private mutating func longVarint() -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<10 {
      guard offset < bytes.count else { break }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7f) << UInt64(7 * index)
      if byte < 0x80 { return value }
    }
    end()
    return 0
  }

  /// Such a number with a sign in its lowest bit.
  mutating func signedVarint() -> Int64 {
    let value = varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  mutating func skip(_ count: Int) {
    if count >= 0, count <= rest { offset += count } else { end() }
  }

  /// The next bytes; none if there are fewer.
  @inline(__always)
  mutating func slice(_ count: Int) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= rest else {
      end()
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  mutating func end() { (isShort, offset) = (true, bytes.count) }

  /// The bytes of a text in UTF-16 up to its NUL, which is skipped.
  mutating func terminated16() -> UnsafeRawBufferPointer {
    let start = offset
    var place = start
    while place + 2 <= bytes.count {
      if bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self) == 0 {
        offset = place + 2
        return UnsafeRawBufferPointer(rebasing: bytes[start..<place])
      }
      place += 2
    }
    end()
    return UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// A name in UTF-16 with a NUL.
  mutating func name16() -> String {
    var text: [UInt8] = []
    NetText.append(utf16: terminated16(), to: &text)
    return String(decoding: text, as: UTF8.self).cut(toBytes: NetText.nameBytes)
  }

  /// A name in UTF-8 after its size.
  mutating func name8() -> String {
    String(decoding: slice(Int(clamping: varint())), as: UTF8.self).cut(toBytes: NetText.nameBytes)
  }
}

/// Conversions of texts.
enum NetText {
  /// The longest name that is kept.
  static let nameBytes = 256

  /// Appends the UTF-8 of UTF-16 in this machine's byte order; half a pair becomes U+FFFD.
  static func append(utf16 source: UnsafeRawBufferPointer, to target: inout [UInt8]) {
    let count = source.count / 2
    let before = target.count
    target.reserveCapacity(before + count)
    for index in 0..<count {
      let unit = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
      guard unit < 0x80 else {
        target.removeSubrange(before...)
        return appendAny(source, count, to: &target)
      }
      target.append(UInt8(truncatingIfNeeded: unit))
    }
  }

  private static func appendAny(
    _ source: UnsafeRawBufferPointer, _ count: Int, to target: inout [UInt8]
  ) {
    let units = (0..<count).lazy.map {
      source.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)
    }
    target.append(contentsOf: String(decoding: Array(units), as: UTF16.self).utf8)
  }

  /// Appends a GUID in its usual form.
  static func append(guid high: UInt64, _ low: UInt64, to target: inout [UInt8]) {
    let (first, second) = (UInt32(truncatingIfNeeded: high), high >> 32)
    append(hexadecimal: UInt64(first), digits: 8, to: &target)
    target.append(UInt8(ascii: "-"))
    append(hexadecimal: second & 0xffff, digits: 4, to: &target)
    target.append(UInt8(ascii: "-"))
    append(hexadecimal: second >> 16, digits: 4, to: &target)
    target.append(UInt8(ascii: "-"))
    append(hexadecimal: low.byteSwapped >> 48, digits: 4, to: &target)
    target.append(UInt8(ascii: "-"))
    append(hexadecimal: low.byteSwapped & 0xffff_ffff_ffff, digits: 12, to: &target)
  }

  static func append(hexadecimal value: UInt64, digits: Int, to target: inout [UInt8]) {
    for place in stride(from: 4 * (digits - 1), through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(place) & 15)
      target.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
  }
}
