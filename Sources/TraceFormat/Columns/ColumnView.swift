internal import TraceEvents

/// A column of which only some values are needed.
enum ColumnView {
  /// Every value.
  case constant(UInt64)
  /// Values where they are stored: their bytes, plane by plane.
  case planes(BytePlanes)
  /// Values that had to be decoded.
  case words(UnsafePointer<UInt64>)

  @inline(__always)
  subscript(index: Int) -> UInt64 {
    switch self {
    case .constant(let value): value
    case .planes(let planes): planes[index]
    case .words(let words): words[index]
    }
  }
}

/// The stored bytes of a column of small numbers: the lowest byte of every value, then the second
/// byte of every value, and so on.
struct BytePlanes {
  let bytes: UnsafePointer<UInt8>
  /// Number of values.
  let count: Int
  /// Number of planes.
  let width: Int

  @inline(__always)
  subscript(index: Int) -> UInt64 {
    var value: UInt64 = 0
    for plane in 0..<width {
      value |= UInt64(bytes[plane &* count &+ index]) &<< UInt64(plane &* 8)
    }
    return value
  }

  /// Returns the sum of some values. It is exact if values have up to five bytes.
  func sum(_ range: Range<Int>) -> UInt64 {
    var total: UInt64 = 0
    for plane in 0..<width {
      let sum = Self.sum(bytes + (plane &* count &+ range.lowerBound), range.count)
      total &+= sum &<< UInt64(plane &* 8)
    }
    return total
  }

  /// Adds up bytes, eight at a time, in four lanes of 16 bits.
  private static func sum(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let (mask, wordsMax): (UInt64, Int) = (0x00ff_00ff_00ff_00ff, 128)
    let raw = UnsafeRawPointer(bytes)
    var total: UInt64 = 0
    var position = 0
    while count &- position >= 8 {
      var lanes: UInt64 = 0
      let words = min((count &- position) / 8, wordsMax)
      for _ in 0..<words {
        let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        lanes &+= (word & mask) &+ (word &>> 8 & mask)
        position &+= 8
      }
      let pairs = (lanes & 0xffff_0000_ffff) &+ (lanes &>> 16 & 0xffff_0000_ffff)
      total &+= (pairs & 0xffff_ffff) &+ pairs &>> 32
    }
    while position < count {
      total &+= UInt64(bytes[position])
      position &+= 1
    }
    return total
  }
}

extension ByteReader {
  /// Reads a column of `count` values of which only some are needed.
  ///
  /// - Parameters:
  ///   - width: the most bytes that a value may have to be left as it is stored. Others are decoded
  ///     into `scratch`.
  mutating func readView(
    count: Int, width: Int, _ scratch: inout GrowingBuffer<UInt64>
  ) throws(ByteCodingError) -> ColumnView {
    if let value = try readConstantColumn() { return .constant(value) }
    let isNarrow =
      count > 0 && remaining >= 2 && bytes[offset] == ColumnEncoding.planes.rawValue
      && (1...width).contains(Int(bytes[offset + 1]))
    if isNarrow {
      _ = try readUInt8()
      let width = Int(try readUInt8())
      let bytes = try readBytes(count * width)
      if let base = bytes.baseAddress {
        return .planes(
          BytePlanes(
            bytes: base.assumingMemoryBound(to: UInt8.self), count: count, width: width))
      }
    }
    scratch.reserve(count)
    try readColumn(scratch.base, count: count)
    return .words(UnsafePointer(scratch.base))
  }
}
