internal import OSStrings

/// Bytes of a recording in this machine's byte order. What lies outside them reads as 0.
struct ForeignBytes {
  let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  /// Whether there are `size` bytes at an offset.
  func has(_ offset: Int, _ size: Int) -> Bool {
    offset >= 0 && size >= 0 && offset <= bytes.count && bytes.count - offset >= size
  }

  func word8(_ offset: Int) -> UInt8 { has(offset, 1) ? bytes[offset] : 0 }
  func word16(_ offset: Int) -> UInt16 { load(offset) }
  func word32(_ offset: Int) -> UInt32 { load(offset) }
  func word64(_ offset: Int) -> UInt64 { load(offset) }

  @inline(__always)
  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> T {
    guard has(offset, MemoryLayout<T>.size) else { return 0 }
    return bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
  }

  /// The bytes at an offset, as far as there are any.
  func slice(_ offset: Int, _ size: Int) -> UnsafeRawBufferPointer {
    guard offset >= 0, offset < bytes.count, size > 0 else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return UnsafeRawBufferPointer(
      rebasing: bytes[offset..<offset + min(size, bytes.count - offset)])
  }

  /// The text at an offset up to the first NUL, within `size` bytes.
  func text(_ offset: Int, _ size: Int) -> String {
    String(
      osBytes: UnsafeRawBufferPointer(rebasing: slice(offset, size).prefix { $0 != 0 }.prefix(4096))
    )
  }
}

/// Reads values one after the other. What is missing reads as 0 and sets `isShort`.
struct ForeignReader {
  private let all: ForeignBytes
  private(set) var offset = 0
  private(set) var isShort = false

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    all = ForeignBytes(bytes)
    self.offset = offset
  }

  var rest: Int { max(0, all.count - offset) }

  mutating func word32() -> UInt32 {
    defer { skip(4) }
    return all.word32(offset)
  }

  mutating func word64() -> UInt64 {
    defer { skip(8) }
    return all.word64(offset)
  }

  mutating func bytes(_ count: UInt64) -> UnsafeRawBufferPointer {
    guard count <= UInt64(rest) else {
      isShort = true
      offset = all.count
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    defer { offset += Int(count) }
    return all.slice(offset, Int(count))
  }

  mutating func skip(_ count: Int) {
    if all.has(offset, count) { offset += count } else { (isShort, offset) = (true, all.count) }
  }

  /// A text that ends with a NUL.
  mutating func terminated() -> String {
    let start = offset
    let rest = all.slice(offset, self.rest)
    guard let length = rest.firstIndex(of: 0) else {
      (isShort, offset) = (true, all.count)
      return ""
    }
    offset += length + 1
    return all.text(start, length)
  }

  /// perf's form of a text: the size of its room in 4 bytes, then the text with a NUL.
  mutating func sized() -> String {
    let room = bytes(UInt64(word32()))
    return ForeignBytes(room).text(0, room.count)
  }
}
