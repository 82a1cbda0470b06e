/// An object of the heap: a header word, then its bytes or values.
///
///     bits  0-7   kind; odd, so that an even header is a forwarding address
///           8-15  flags
///          16-31  a record's shape, a closure's function
///          32-63  count: bytes of a string, an array's length, values of the others
struct Object: Equatable {
  enum Kind: UInt8 {
    case string = 1
    /// One value: its storage.
    case array = 3
    case storage = 5
    case record = 7
    case closure = 9
  }

  enum Flag {
    static let old: UInt64 = 1 << 8
    static let marked: UInt64 = 2 << 8
    /// The object is in the list of objects that may refer to the nursery.
    static let remembered: UInt64 = 4 << 8
  }

  let words: UnsafeMutablePointer<UInt64>

  static let wordCountMin = 2

  static func header(_ kind: Kind, shape: Int, count: Int) -> UInt64 {
    UInt64(kind.rawValue) | UInt64(shape) << 16 | UInt64(count) << 32
  }

  /// Number of words of an object with this header; at least that of a free cell.
  static func wordCount(of header: UInt64) -> Int {
    let count = Int(header >> 32)
    switch UInt8(truncatingIfNeeded: header) {
    case Kind.string.rawValue: return max(1 + (count + 7) >> 3, wordCountMin)
    case Kind.array.rawValue: return 2
    default: return max(1 + count, wordCountMin)
    }
  }

  var header: UInt64 { words[0] }
  var kind: UInt8 { UInt8(truncatingIfNeeded: header) }
  var shape: Int { Int(header >> 16 & 0xffff) }
  var count: Int { Int(header >> 32) }
  var wordCount: Int { Self.wordCount(of: header) }

  func `is`(_ other: Kind) -> Bool { kind == other.rawValue }
  func has(_ flag: UInt64) -> Bool { header & flag != 0 }
  func set(_ flag: UInt64) { words[0] |= flag }
  func clear(_ flag: UInt64) { words[0] &= ~flag }
  func setCount(_ count: Int) { words[0] = header & 0xffff_ffff | UInt64(count) << 32 }

  /// The values of an object that is not a string.
  var values: Registers {
    UnsafeMutableRawPointer(words + 1).assumingMemoryBound(to: Value.self)
  }
  var valueCount: Int { self.is(.string) ? 0 : self.is(.array) ? 1 : count }

  var bytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
      start: UnsafeRawPointer(words + 1).assumingMemoryBound(to: UInt8.self), count: count)
  }
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// An array's storage.
  var storage: Object { values[0].object }
}
