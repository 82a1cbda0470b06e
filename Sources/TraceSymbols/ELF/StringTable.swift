internal import Glibc
internal import OSStrings

/// A table of zero-terminated strings, addressed by offset.
///
/// The first table, which may have tens of megabytes, is never copied. Appended tables are stored
/// separately, and their offsets continue after the first table's.
struct StringTable: Sendable {
  /// Both arrays end with a zero byte, even if the file's table does not.
  private var first: [UInt8]
  private var appended: [UInt8] = []

  init(_ bytes: [UInt8]) {
    first = bytes
    if let last = bytes.last, last != 0 { first.append(0) }
  }

  var isEmpty: Bool { count == 0 }
  var count: Int { first.count + appended.count }
  /// The memory that the table takes.
  var byteCount: Int { first.capacity + appended.capacity }

  /// The bytes of the string at an offset, at most `limit`; empty outside the table.
  func withBytes<Result>(
    at offset: UInt32, limit: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    let isFirst = Int(offset) < first.count
    let place = isFirst ? Int(offset) : Int(offset) - first.count
    return (isFirst ? first : appended).withUnsafeBufferPointer { all in
      guard place < all.count else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
      let start = all.baseAddress! + place
      let length = strnlen(
        UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self),
        min(limit, all.count - place))
      return body(UnsafeBufferPointer(start: start, count: length))
    }
  }

  func string(at offset: UInt32, limit: Int) -> String {
    withBytes(at: offset, limit: limit) { String(osBytes: UnsafeRawBufferPointer($0)) }
  }

  /// Appends another table; returns the number to add to its offsets.
  mutating func append(_ other: StringTable) -> UInt32? {
    guard count + other.count <= SymbolLimits.nameBytes else { return nil }
    let base = UInt32(count)
    if isEmpty {
      self = other
    } else {
      appended += other.first
      appended += other.appended
    }
    return base
  }
}
