/// Writes numbers, texts and columns of numbers one after the other, for a ``ViewCache``.
///
/// The files are for this machine: numbers have its byte order.
struct CacheWriter {
  var bytes: [UInt8] = []

  mutating func write(_ number: UInt64) { write(column: [number], counted: false) }

  mutating func write(_ number: Int64) { write(UInt64(bitPattern: number)) }

  mutating func write(_ text: String) {
    let letters = Array(text.utf8)
    write(column: letters)
  }

  /// Writes the number of elements, and the elements.
  mutating func write<Number: FixedWidthInteger>(column: [Number], counted: Bool = true) {
    if counted { write(UInt64(column.count)) }
    column.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }
}

/// Reads what a ``CacheWriter`` wrote; nil if it is not there.
struct CacheReader {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether everything was read.
  var isAtEnd: Bool { offset == bytes.count }

  mutating func unsigned() -> UInt64? {
    guard let found: [UInt64] = take(1) else { return nil }
    return found[0]
  }

  mutating func signed() -> Int64? { unsigned().map { Int64(bitPattern: $0) } }

  /// A number of elements or a position, which is below a limit.
  mutating func count(below limit: Int) -> Int? {
    guard let number = unsigned(), number < UInt64(limit) else { return nil }
    return Int(number)
  }

  mutating func text() -> String? {
    guard let letters: [UInt8] = column() else { return nil }
    return String(decoding: letters, as: UTF8.self)
  }

  mutating func column<Number: FixedWidthInteger>() -> [Number]? {
    guard let count = count(below: bytes.count - offset + 1) else { return nil }
    return take(count)
  }

  private mutating func take<Number: FixedWidthInteger>(_ count: Int) -> [Number]? {
    let size = MemoryLayout<Number>.stride
    guard count <= (bytes.count - offset) / size else { return nil }
    let start = offset
    offset += count * size
    return [Number](unsafeUninitializedCapacity: count) { buffer, filled in
      bytes.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(buffer).copyBytes(from: $0[start..<(start + count * size)])
      }
      filled = count
    }
  }
}
