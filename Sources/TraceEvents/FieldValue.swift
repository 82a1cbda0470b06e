/// A value that a field of a ``ListedEvent`` can hold.
public protocol FieldValue: Sendable {
  /// The stored type of a field of this Swift type, unless its list gives another one.
  static var fieldType: FieldType { get }
  func encode(into encoder: inout EventEncoder)
  init(from decoder: inout EventDecoder)
}

/// The type of an array field's elements: an integer, a float, a boolean or a text.
public protocol FieldElement: FieldValue {
  /// The type of an array of this element; `.bytes` for bytes.
  static var arrayType: FieldType { get }
  static func encode(array: [Self], into encoder: inout EventEncoder)
  static func decodeArray(from decoder: inout EventDecoder) -> [Self]
}

extension Array: FieldValue where Element: FieldElement {
  public static var fieldType: FieldType { Element.arrayType }
  @inlinable @inline(__always)
  public func encode(into encoder: inout EventEncoder) {
    Element.encode(array: self, into: &encoder)
  }
  @inlinable @inline(__always)
  public init(from decoder: inout EventDecoder) { self = Element.decodeArray(from: &decoder) }
}

/// Blobs.
extension Array: FieldElement where Element == UInt8 {
  @inlinable
  public static func encode(array: [[UInt8]], into encoder: inout EventEncoder) {
    encoder.encode(array: array)
  }
  @inlinable
  public static func decodeArray(from decoder: inout EventDecoder) -> [[UInt8]] {
    decoder.decode(arrayOf: [UInt8].self)
  }
}

extension FieldElement {
  public static var arrayType: FieldType { .array(fieldType.element) }
}

extension FieldValue where Self: FixedWidthInteger {
  @inlinable @inline(__always)
  public func encode(into encoder: inout EventEncoder) { encoder.encode(self) }
  @inlinable @inline(__always)
  public init(from decoder: inout EventDecoder) { self = decoder.decode() }
}

extension FieldElement where Self: FixedWidthInteger {
  @inlinable @inline(__always)
  public static func encode(array: [Self], into encoder: inout EventEncoder) {
    encoder.encode(array: array)
  }
  @inlinable @inline(__always)
  public static func decodeArray(from decoder: inout EventDecoder) -> [Self] {
    decoder.decode(arrayOf: Self.self)
  }
}

extension UInt8: FieldElement {
  public static var fieldType: FieldType { .uint8 }
  public static var arrayType: FieldType { .bytes }
  @inlinable @inline(__always)
  public static func encode(array: [UInt8], into encoder: inout EventEncoder) {
    encoder.encode(array)
  }
  @inlinable @inline(__always)
  public static func decodeArray(from decoder: inout EventDecoder) -> [UInt8] { decoder.decode() }
}

extension UInt16: FieldElement { public static var fieldType: FieldType { .uint16 } }
extension UInt32: FieldElement { public static var fieldType: FieldType { .uint32 } }
extension UInt64: FieldElement { public static var fieldType: FieldType { .uint64 } }
extension Int8: FieldElement { public static var fieldType: FieldType { .int8 } }
extension Int16: FieldElement { public static var fieldType: FieldType { .int16 } }
extension Int32: FieldElement { public static var fieldType: FieldType { .int32 } }
extension Int64: FieldElement { public static var fieldType: FieldType { .int64 } }

extension Bool: FieldElement {
  public static var fieldType: FieldType { .bool }
  @inlinable @inline(__always)
  public func encode(into encoder: inout EventEncoder) { encoder.encode(self) }
  @inlinable @inline(__always)
  public init(from decoder: inout EventDecoder) { self = decoder.decode() }
  @inlinable
  public static func encode(array: [Bool], into encoder: inout EventEncoder) {
    encoder.encode(array: array)
  }
  @inlinable
  public static func decodeArray(from decoder: inout EventDecoder) -> [Bool] {
    decoder.decode(arrayOf: Bool.self)
  }
}

extension Float: FieldElement {
  public static var fieldType: FieldType { .float }
  @inlinable @inline(__always)
  public func encode(into encoder: inout EventEncoder) { encoder.encode(self) }
  @inlinable @inline(__always)
  public init(from decoder: inout EventDecoder) { self = decoder.decode() }
  @inlinable
  public static func encode(array: [Float], into encoder: inout EventEncoder) {
    encoder.encode(array: array)
  }
  @inlinable
  public static func decodeArray(from decoder: inout EventDecoder) -> [Float] {
    decoder.decode(arrayOf: Float.self)
  }
}

extension Double: FieldElement {
  public static var fieldType: FieldType { .double }
  @inlinable @inline(__always)
  public func encode(into encoder: inout EventEncoder) { encoder.encode(self) }
  @inlinable @inline(__always)
  public init(from decoder: inout EventDecoder) { self = decoder.decode() }
  @inlinable
  public static func encode(array: [Double], into encoder: inout EventEncoder) {
    encoder.encode(array: array)
  }
  @inlinable
  public static func decodeArray(from decoder: inout EventDecoder) -> [Double] {
    decoder.decode(arrayOf: Double.self)
  }
}

extension String: FieldElement {
  public static var fieldType: FieldType { .string }
  @inlinable @inline(__always)
  public func encode(into encoder: inout EventEncoder) { encoder.encode(self) }
  @inlinable @inline(__always)
  public init(from decoder: inout EventDecoder) { self = decoder.decode() }
  @inlinable
  public static func encode(array: [String], into encoder: inout EventEncoder) {
    encoder.encode(array: array)
  }
  @inlinable
  public static func decodeArray(from decoder: inout EventDecoder) -> [String] {
    decoder.decode(arrayOf: String.self)
  }
}
