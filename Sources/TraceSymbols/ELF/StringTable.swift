internal import Glibc

/// Strings that each end in a zero byte, found by offset.
struct StringTable: Sendable {
  /// Ends in a zero, whatever the file had.
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if let last = bytes.last, last != 0 { self.bytes.append(0) }
  }

  var isEmpty: Bool { bytes.isEmpty }

  /// The bytes of the string that begins there, at most `limit`; none outside the table.
  func withBytes<Result>(
    at offset: UInt32, limit: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    bytes.withUnsafeBufferPointer { all in
      guard Int(offset) < all.count else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
      let start = all.baseAddress! + Int(offset)
      let length = strnlen(
        UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self),
        min(limit, all.count - Int(offset)))
      return body(UnsafeBufferPointer(start: start, count: length))
    }
  }

  func string(at offset: UInt32, limit: Int) -> String {
    withBytes(at: offset, limit: limit) { String(decoding: $0, as: UTF8.self) }
  }

  /// Adds the other's bytes; gives what must be added to its offsets.
  mutating func append(_ other: StringTable) -> UInt32? {
    guard bytes.count + other.bytes.count <= SymbolLimits.nameBytes else { return nil }
    let base = UInt32(bytes.count)
    if bytes.isEmpty { bytes = other.bytes } else { bytes.append(contentsOf: other.bytes) }
    return base
  }
}
