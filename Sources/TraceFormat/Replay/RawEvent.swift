public import TraceEvents

/// A stored event: its header, and its fields by position.
///
/// - Guarantee: whatever the file contains, nothing outside its columns is read.
/// - Cost: one load per scalar field; no allocation except in ``value(_:)``.
/// - Trap: the event and the buffers that it returns are valid only during the handler's call.
public struct RawEvent: ~Copyable {
  public let header: EventHeader
  /// Position of its type in ``TraceFile/eventTypes``, usable as a key for per-type tables.
  public let typeIndex: Int
  @usableFromInline package let columns: UnsafeBufferPointer<FieldColumn>
  @usableFromInline package let row: Int

  @inlinable
  init(
    header: EventHeader, typeIndex: Int, columns: UnsafeBufferPointer<FieldColumn>, row: Int
  ) {
    self.header = header
    self.typeIndex = typeIndex
    self.columns = columns
    self.row = row
  }

  /// Number of fields with which the event was written.
  @inlinable public var fieldCount: Int { columns.count }

  /// A decoder positioned at the first field.
  @inlinable public var decoder: EventDecoder { EventDecoder(columns: columns, row: row) }

  /// Returns a scalar or enumeration field, sign- or zero-extended; 0 if the field does not exist.
  @inlinable
  public func word(_ field: Int) -> UInt64 {
    field < columns.count ? columns[field].word(row) : 0
  }

  /// Returns the bytes of a string or blob.
  @inlinable
  public func bytes(_ field: Int) -> UnsafeRawBufferPointer {
    guard field < columns.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let word = columns[field].word(row)
    let heap = columns[field].heap
    let start = min(Int(word & 0xffff_ffff), heap.count)
    let end = min(start &+ Int(word >> 32), heap.count)
    return UnsafeRawBufferPointer(rebasing: heap[start..<end])
  }

  /// Returns the elements of an array, for sequential access.
  @inlinable
  public func elements(_ field: Int) -> ArrayElements {
    guard field < columns.count else {
      return ArrayElements(bytes: UnsafeRawBufferPointer(start: nil, count: 0), count: 0)
    }
    let word = columns[field].word(row)
    let heap = columns[field].heap
    let start = min(Int(word & 0xffff_ffff), heap.count)
    return ArrayElements(
      bytes: UnsafeRawBufferPointer(rebasing: heap[start...]), count: Int(word >> 32))
  }
}

/// Iterates over the elements of an array field.
public struct ArrayElements {
  @usableFromInline let bytes: UnsafeRawBufferPointer
  @usableFromInline var offset = 0
  /// Number of elements that have not been read yet.
  public private(set) var remaining: Int

  @usableFromInline
  init(bytes: UnsafeRawBufferPointer, count: Int) {
    self.bytes = bytes
    remaining = count
  }

  /// Returns the next element of an array of scalars.
  public mutating func nextWord() -> UInt64? {
    guard remaining > 0, offset + 8 <= bytes.count else { return nil }
    defer {
      remaining -= 1
      offset += 8
    }
    return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// Returns the next element of an array of strings or blobs.
  public mutating func nextBytes() -> UnsafeRawBufferPointer? {
    guard remaining > 0, offset + 8 <= bytes.count else { return nil }
    let length = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    guard length <= UInt64(bytes.count - offset - 8) else { return nil }
    let start = offset + 8
    remaining -= 1
    offset = min(bytes.count, start + ((Int(length) + 7) & ~7))
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(length)])
  }
}
