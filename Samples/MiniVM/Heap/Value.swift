/// A value in one word: the bits of a float, or a tag in the upper 16 bits that no float has there.
///
///     0000 … fff8   a float (the processor's own not-a-number is fff8 0000 0000 0000)
///     fff9          nil, false, true: 0, 1, 2
///     fffa          an integer of 48 bits
///     fffb          an object's address
struct Value: Equatable {
  var bits: UInt64

  static let constantTag: UInt64 = 0xfff9 << 48
  static let integerTag: UInt64 = 0xfffa << 48
  static let referenceTag: UInt64 = 0xfffb << 48
  static let integers = -(1 << 47)...(1 << 47 - 1)

  static let none = Value(bits: constantTag)
  static let no = Value(bits: constantTag + 1)
  static let yes = Value(bits: constantTag + 2)

  init(bits: UInt64) { self.bits = bits }
  init(_ value: Bool) { bits = Self.constantTag + (value ? 2 : 1) }
  init(_ value: Double) {
    // Other NaNs could look like tags.
    bits = value.isNaN ? 0x7ff8 << 48 : value.bitPattern
  }
  init(_ object: Object) {
    bits = Self.referenceTag | UInt64(UInt(bitPattern: object.words))
  }
  /// Nil if it does not fit into 48 bits.
  init?(exactly value: Int) {
    guard Self.integers.contains(value) else { return nil }
    self.init(integer: value)
  }
  /// For integers that fit: counts, offsets.
  init(integer value: Int) {
    bits = Self.integerTag | UInt64(bitPattern: Int64(value)) & 0xffff_ffff_ffff
  }

  var isFloat: Bool { bits < Self.constantTag }
  var isInteger: Bool { bits >> 48 == 0xfffa }
  var isReference: Bool { bits >> 48 == 0xfffb }
  /// Only nil and false are false.
  var isTrue: Bool { bits &- Self.constantTag > 1 }

  /// The float; valid only if the value is one.
  var float: Double { Double(bitPattern: bits) }
  var integer: Int { Int(Int64(bitPattern: bits << 16) >> 16) }
  var object: Object {
    Object(words: UnsafeMutablePointer(bitPattern: UInt(bits & 0xffff_ffff_ffff))!)
  }

  /// An integer or float as a float; nil for other values.
  var number: Double? { isFloat ? float : isInteger ? Double(integer) : nil }
}

typealias Registers = UnsafeMutablePointer<Value>
