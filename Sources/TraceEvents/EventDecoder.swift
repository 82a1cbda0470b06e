internal import OSStrings

/// The values of one field in many events, as a decoder reads them.
///
/// The word of a row holds the value of a field of fixed size. For a field of variable size, it
/// holds `offset | count << 32`: `offset` is the position of the field's bytes in `heap`, and
/// `count` the number of bytes (string, blob) or elements (array). Array elements are in the heap
/// as ``EventEncoder`` wrote them, from an offset that is a multiple of 8.
public struct FieldColumn {
  /// One word per row, or one in a constant column: read them with ``word(_:)``.
  @usableFromInline package let words: UnsafePointer<UInt64>
  /// Which bits of a row's number select its word: all, or none in a column of one word.
  @usableFromInline let rowMask: Int
  public var heap: UnsafeRawBufferPointer

  /// - Parameter isConstant: whether `words` has one word, which is the word of every row.
  @inlinable
  public init(
    words: UnsafePointer<UInt64>, isConstant: Bool = false, heap: UnsafeRawBufferPointer
  ) {
    self.words = words
    rowMask = isConstant ? 0 : -1
    self.heap = heap
  }

  /// Returns the word of a row.
  @inlinable @inline(__always)
  public func word(_ row: Int) -> UInt64 { words[row & rowMask] }
}

/// Reads an event's fields in the schema's order, from columns.
///
/// - Guarantee: a field that the writer did not have reads as zero or empty. Nothing outside the
///   columns is read, whatever the bytes contain.
/// - Cost: one load for each scalar.
public struct EventDecoder {
  @usableFromInline let columns: UnsafeBufferPointer<FieldColumn>
  @usableFromInline let row: Int
  @usableFromInline var field: Int

  /// The `words` of every column that is not constant must have more than `row` values.
  @inlinable @inline(__always)
  public init(columns: UnsafeBufferPointer<FieldColumn>, row: Int) {
    self.columns = columns
    self.row = row
    field = 0
  }

  @inlinable @inline(__always)
  mutating func nextWord() -> UInt64 {
    guard field < columns.count else { return 0 }
    defer { field &+= 1 }
    return columns[field].word(row)
  }

  @inlinable
  mutating func nextElements() -> ElementReader {
    guard field < columns.count else {
      return ElementReader(bytes: UnsafeRawBufferPointer(start: nil, count: 0), count: 0)
    }
    let heap = columns[field].heap
    let word = nextWord()
    let offset = min(Int(truncatingIfNeeded: word & 0xffff_ffff), heap.count)
    return ElementReader(
      bytes: UnsafeRawBufferPointer(rebasing: heap[offset...]),
      count: Int(truncatingIfNeeded: word >> 32))
  }

  @inlinable
  mutating func nextBytes() -> UnsafeRawBufferPointer {
    let reader = nextElements()
    return UnsafeRawBufferPointer(rebasing: reader.bytes.prefix(reader.count))
  }

  @inlinable @inline(__always)
  public mutating func decode<T: FixedWidthInteger>(_: T.Type = T.self) -> T {
    T(truncatingIfNeeded: nextWord())
  }

  @inlinable @inline(__always)
  public mutating func decode(_: Bool.Type = Bool.self) -> Bool { nextWord() != 0 }

  @inlinable @inline(__always)
  public mutating func decode(_: Float.Type = Float.self) -> Float {
    Float(bitPattern: UInt32(truncatingIfNeeded: nextWord()))
  }

  @inlinable @inline(__always)
  public mutating func decode(_: Double.Type = Double.self) -> Double {
    Double(bitPattern: nextWord())
  }

  /// An open enumeration or option set: a struct that wraps the raw integer, so that every value is
  /// valid.
  @inlinable @inline(__always)
  public mutating func decode<T: OpenEnumeration>(_: T.Type = T.self) -> T {
    T(rawValue: T.RawValue(truncatingIfNeeded: nextWord()))
  }

  /// Bytes that are not UTF-8 are shown as U+FFFD.
  @inlinable
  public mutating func decode(_: String.Type = String.self) -> String {
    String(decoding: nextBytes(), as: UTF8.self)
  }

  /// A string of the operating system, such as a path. `String.osBytes` restores its bytes.
  public mutating func decodeOSString() -> String { String(osBytes: nextBytes()) }

  @inlinable
  public mutating func decode(_: [UInt8].Type = [UInt8].self) -> [UInt8] { Array(nextBytes()) }

  @inlinable
  public mutating func decode<T: FixedWidthInteger>(arrayOf _: T.Type) -> [T] {
    nextElements().mapped { T(truncatingIfNeeded: $0.word()) }
  }

  @inlinable
  public mutating func decode(arrayOf _: Double.Type) -> [Double] {
    nextElements().mapped { Double(bitPattern: $0.word()) }
  }

  @inlinable
  public mutating func decode(arrayOf _: Float.Type) -> [Float] {
    nextElements().mapped { Float(bitPattern: UInt32(truncatingIfNeeded: $0.word())) }
  }

  @inlinable
  public mutating func decode(arrayOf _: Bool.Type) -> [Bool] {
    nextElements().mapped { $0.word() != 0 }
  }

  @inlinable
  public mutating func decode(arrayOf _: String.Type) -> [String] {
    nextElements().mapped { String(decoding: $0.blob(), as: UTF8.self) }
  }

  /// Strings of the operating system; see ``decodeOSString()``.
  public mutating func decodeOSStrings() -> [String] {
    nextElements().mapped { String(osBytes: $0.blob()) }
  }

  @inlinable
  public mutating func decode(arrayOf _: [UInt8].Type) -> [[UInt8]] {
    nextElements().mapped { Array($0.blob()) }
  }

  @inlinable
  public mutating func decode<T: OpenEnumeration>(arrayOf _: T.Type) -> [T] {
    nextElements().mapped { T(rawValue: T.RawValue(truncatingIfNeeded: $0.word())) }
  }
}

/// An integer with names for some of its values.
public protocol OpenEnumeration: RawRepresentable, Hashable, Sendable
where RawValue: FixedWidthInteger & Sendable {
  init(rawValue: RawValue)
}

/// Iterates over the elements of an array in a record; ends early instead of reading past its
/// bytes.
@usableFromInline
struct ElementReader {
  @usableFromInline let bytes: UnsafeRawBufferPointer
  @usableFromInline let count: Int
  @usableFromInline var offset = 0

  @inlinable
  init(bytes: UnsafeRawBufferPointer, count: Int) {
    self.bytes = bytes
    self.count = count
  }

  @inlinable
  mutating func word() -> UInt64 {
    guard offset &+ 8 <= bytes.count else {
      offset = bytes.count
      return 0
    }
    defer { offset &+= 8 }
    return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  @inlinable
  mutating func blob() -> UnsafeRawBufferPointer {
    let length = Int(clamping: word())
    let end = min(length, bytes.count &- offset)
    defer { offset = min(bytes.count, offset &+ ((end &+ 7) & ~7)) }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset &+ end])
  }

  @inlinable
  func mapped<T>(_ element: (inout ElementReader) -> T) -> [T] {
    var reader = self
    var result: [T] = []
    result.reserveCapacity(min(count, bytes.count / 8))
    var remaining = count
    while remaining > 0, reader.offset < bytes.count {
      result.append(element(&reader))
      remaining &-= 1
    }
    return result
  }
}
