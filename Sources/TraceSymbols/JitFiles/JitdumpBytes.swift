/// A window of a jitdump file in its writer's byte order. Bytes outside the window read as 0.
struct JitdumpBytes {
  let bytes: UnsafeRawBufferPointer
  let isSwapped: Bool

  var count: Int { bytes.count }

  func word32(_ offset: Int) -> UInt32 { load(offset) }
  func word64(_ offset: Int) -> UInt64 { load(offset) }

  @inline(__always)
  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> T {
    guard offset >= 0, offset &+ MemoryLayout<T>.size <= bytes.count else { return 0 }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    return isSwapped ? value.byteSwapped : value
  }

  func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<bytes.count)])
  }

  /// The position of the first NUL in `range` within the window.
  func firstNUL(in range: Range<Int>) -> Int? {
    slice(range).firstIndex(of: 0).map { range.lowerBound + $0 }
  }

  func prefix(at offset: Int) -> JitdumpPrefix {
    JitdumpPrefix(kind: word32(offset), size: word32(offset + 4), timestamp: word64(offset + 8))
  }
}

/// The prefix of every record.
struct JitdumpPrefix {
  static let byteCount = 16

  enum Kind {
    static let load: UInt32 = 0
    static let move: UInt32 = 1
    static let debug: UInt32 = 2
    static let close: UInt32 = 3
    static let unwinding: UInt32 = 4
  }

  var kind: UInt32
  /// Size of the record, including these 16 bytes.
  var size: UInt32
  var timestamp: UInt64

  /// Size of the fixed part of the record.
  var fixedBytes: Int {
    switch kind {
    case Kind.load: 56
    case Kind.move: 64
    case Kind.debug: 32
    case Kind.unwinding: 40
    default: Self.byteCount
    }
  }

  /// Whether the prefix is plausible. A size beyond these limits indicates a torn record.
  var isPossible: Bool {
    let limit: UInt32
    switch kind {
    case Kind.load: limit = JitdumpParser.loadBytesMax
    case Kind.debug, Kind.unwinding: limit = JitdumpParser.tableBytesMax
    case Kind.move, Kind.close: limit = 4096
    case ...0xffff: limit = JitdumpParser.tableBytesMax
    default: return false
    }
    return size >= fixedBytes && size <= limit
  }
}
