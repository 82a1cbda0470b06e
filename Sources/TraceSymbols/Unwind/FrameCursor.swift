/// Reads the bytes of a section; every read is checked.
///
/// The bytes come from an untrusted file: a read beyond the end throws.
package struct FrameCursor {
  package let bytes: UnsafeRawBufferPointer
  /// The link-time address of the section's first byte.
  package let address: UInt64
  package private(set) var offset: Int
  package private(set) var end: Int

  package init(_ bytes: UnsafeRawBufferPointer, address: UInt64, at offset: Int = 0) {
    self.bytes = bytes
    self.address = address
    self.offset = min(max(offset, 0), bytes.count)
    end = bytes.count
  }

  package var isAtEnd: Bool { offset >= end }
  package var remaining: Int { end - offset }
  /// The link-time address of the next byte.
  package var nextAddress: UInt64 { address &+ UInt64(offset) }

  package mutating func skip(_ count: Int) throws(FrameError) {
    guard count >= 0, count <= remaining else { throw .outOfBounds }
    offset += count
  }

  package mutating func skip(_ count: UInt64) throws(FrameError) {
    guard count <= UInt64(remaining) else { throw .outOfBounds }
    offset += Int(count)
  }

  /// Moves within the readable bytes, for branches.
  package mutating func jump(_ distance: Int, from start: Int) throws(FrameError) {
    let target = offset + distance
    guard target >= start, target <= end else { throw .outOfBounds }
    offset = target
  }

  /// A cursor for only the next `count` bytes; this one continues after them.
  package mutating func slice(_ count: UInt64) throws(FrameError) -> FrameCursor {
    var part = self
    try skip(count)
    part.end = offset
    return part
  }

  @inline(__always)
  package mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(FrameError) -> T {
    guard MemoryLayout<T>.size <= end - offset else { throw .outOfBounds }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    offset += MemoryLayout<T>.size
    return T(littleEndian: value)
  }

  @inline(__always)
  package mutating func byte() throws(FrameError) -> UInt8 { try read(UInt8.self) }

  /// An unsigned LEB128 number of up to 10 bytes; bits beyond 64 must be zero.
  @inline(__always)
  package mutating func unsigned() throws(FrameError) -> UInt64 {
    let first = try byte()
    if first < 0x80 { return UInt64(first) }
    return try longUnsigned(after: first)
  }

  private mutating func longUnsigned(after first: UInt8) throws(FrameError) -> UInt64 {
    var value = UInt64(first & 0x7f)
    var shift: UInt64 = 7
    while true {
      let next = try byte()
      let bits = UInt64(next & 0x7f)
      if shift >= 64 || (shift == 63 && bits > 1) {
        guard bits == 0 else { throw .encoding }
      } else {
        value |= bits << shift
      }
      if next < 0x80 { return value }
      shift += 7
      guard shift < 70 else { throw .encoding }
    }
  }

  /// A signed LEB128 number of up to 64 bits.
  package mutating func signed() throws(FrameError) -> Int64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      if shift < 64 { value |= UInt64(next & 0x7f) << shift }
      shift += 7
      guard next >= 0x80 else {
        if shift < 64, next & 0x40 != 0 { value |= ~0 << shift }
        return Int64(bitPattern: value)
      }
      guard shift < 70 else { throw .encoding }
    }
  }

  /// A zero-terminated text of up to `limit` bytes, as the range of its bytes.
  package mutating func text(limit: Int) throws(FrameError) -> Range<Int> {
    let start = offset
    while try byte() != 0 {
      guard offset - start <= limit else { throw .outOfBounds }
    }
    return start..<offset - 1
  }
}
