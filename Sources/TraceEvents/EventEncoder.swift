internal import OSStrings

/// Writes an event's fields as the 64-bit words of a record.
///
/// - A scalar is one word. A string or blob is a word with its length in bytes, then its bytes,
///   padded with zeros to a whole word. An array is a word with its count, then its elements, each
///   like a field.
/// - Guarantee: never writes past the end of the buffer. ``byteCount`` includes the bytes that did
///   not fit, so the caller can retry with a buffer that is large enough.
/// - Cost: one store for each scalar when inlined; no allocation.
public struct EventEncoder: ~Copyable {
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let capacity: Int
  /// The number of bytes that the event needs, always a multiple of 8.
  public var byteCount: Int { offset }
  @usableFromInline var offset: Int

  /// `buffer` must be 8-byte aligned.
  @inlinable @inline(__always)
  public init(_ buffer: UnsafeMutableRawBufferPointer) {
    base = buffer.baseAddress!
    capacity = buffer.count
    offset = 0
  }

  @inlinable public var isOverflowing: Bool { offset > capacity }

  /// Records the type of each value in `shapes` instead of writing values.
  package init(noting shapes: UnsafeMutablePointer<EncodedShapes>) {
    base = UnsafeMutableRawPointer(shapes)
    capacity = EncodedShapes.capacityMark
    offset = 0
  }

  // If there is no room, only the value's shape is recorded. The call takes the buffer's address
  // instead of the encoder's, which would otherwise not stay in registers.
  @inlinable @inline(__always)
  mutating func word(_ value: UInt64, _ shape: EncodedShape) {
    if offset &+ 8 <= capacity {
      base.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
    } else {
      EncodedShapes.note(shape, value, base, capacity: capacity)
    }
    offset &+= 8
  }

  @inlinable @inline(__always)
  public mutating func encode<T: FixedWidthInteger>(_ value: T) {
    word(UInt64(truncatingIfNeeded: value), .integer(T.self))
  }

  @inlinable @inline(__always)
  public mutating func encode(_ value: Bool) { word(value ? 1 : 0, .bool) }

  @inlinable @inline(__always)
  public mutating func encode(_ value: Float) { word(UInt64(value.bitPattern), .float) }

  @inlinable @inline(__always)
  public mutating func encode(_ value: Double) { word(value.bitPattern, .double) }

  /// An enumeration's or option set's raw integer.
  @inlinable @inline(__always)
  public mutating func encode<T: RawRepresentable>(_ value: T) where T.RawValue: FixedWidthInteger {
    encode(value.rawValue)
  }

  @inlinable
  public mutating func encode(_ value: UnsafeRawBufferPointer) {
    word(UInt64(value.count), .blob)
    let padded = (value.count &+ 7) & ~7
    if value.count > 0, offset &+ padded <= capacity {
      base.storeBytes(of: 0, toByteOffset: offset &+ padded &- 8, as: UInt64.self)
      base.advanced(by: offset).copyMemory(from: value.baseAddress!, byteCount: value.count)
    }
    offset &+= padded
  }

  @inlinable
  public mutating func encode(_ value: StaticString) {
    encode(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
  }

  @inlinable
  public mutating func encode(_ value: String) {
    if value.utf8.withContiguousStorageIfAvailable({ encode(UnsafeRawBufferPointer($0)) }) == nil {
      encode(Array(value.utf8))
    }
  }

  /// A string of the operating system, such as a path; writes its ``Swift/String/osBytes``.
  public mutating func encode(osString value: String) {
    if value.utf8.contains(OSText.firstByte) { encode(value.osBytes) } else { encode(value) }
  }

  /// A blob.
  @inlinable
  public mutating func encode(_ value: [UInt8]) {
    value.withUnsafeBytes { encode($0) }
  }

  @inlinable
  public mutating func encode<T: FixedWidthInteger>(array: [T]) {
    word(UInt64(array.count), .array(of: .integer(T.self)))
    for element in array { encode(element) }
  }

  @inlinable
  public mutating func encode(array: [Double]) {
    word(UInt64(array.count), .array(of: .double))
    for element in array { encode(element) }
  }

  @inlinable
  public mutating func encode(array: [Float]) {
    word(UInt64(array.count), .array(of: .float))
    for element in array { encode(element) }
  }

  @inlinable
  public mutating func encode(array: [Bool]) {
    word(UInt64(array.count), .array(of: .bool))
    for element in array { encode(element) }
  }

  @inlinable
  public mutating func encode(array: [String]) {
    word(UInt64(array.count), .array(of: .blob))
    for element in array { encode(element) }
  }

  /// Strings of the operating system; see ``encode(osString:)``.
  public mutating func encode(osStrings array: [String]) {
    word(UInt64(array.count), .array(of: .blob))
    for element in array { encode(osString: element) }
  }

  @inlinable
  public mutating func encode(array: [[UInt8]]) {
    word(UInt64(array.count), .array(of: .blob))
    for element in array { encode(element) }
  }

  @inlinable
  public mutating func encode<T: RawRepresentable>(array: [T]) where T.RawValue: FixedWidthInteger {
    word(UInt64(array.count), .array(of: .integer(T.RawValue.self)))
    for element in array { encode(element.rawValue) }
  }
}
