/// The type of a value written by an event's `encode`, without the value.
///
///     bits 0-6    size in bits of an integer · 0x7b bool · 0x7c float · 0x7d double · 0x7e blob
///     bit 7       set for an array of those
@usableFromInline
package struct EncodedShape: Equatable, Sendable {
  /// The bits described above.
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(_ rawValue: UInt8) { self.rawValue = rawValue }

  @inlinable package static var bool: EncodedShape { EncodedShape(0x7b) }
  @inlinable package static var float: EncodedShape { EncodedShape(0x7c) }
  @inlinable package static var double: EncodedShape { EncodedShape(0x7d) }
  /// A string or bytes.
  @inlinable package static var blob: EncodedShape { EncodedShape(0x7e) }

  @inlinable @inline(__always)
  package static func integer<T: FixedWidthInteger>(_: T.Type) -> EncodedShape {
    EncodedShape(UInt8(truncatingIfNeeded: min(T.bitWidth, 64)))
  }

  @inlinable @inline(__always)
  package static func array(of element: EncodedShape) -> EncodedShape {
    EncodedShape(element.rawValue | 0x80)
  }

  package var isArray: Bool { rawValue & 0x80 != 0 }
  package var element: EncodedShape { EncodedShape(rawValue & 0x7f) }
  /// Nil if the value is not an integer.
  package var integerBits: Int? { element.rawValue <= 64 ? Int(element.rawValue) : nil }
}

/// The shapes of all values that one `encode` writes, in order. The caller provides the memory, and
/// nothing is allocated, so a signal handler can fill it.
@usableFromInline
package struct EncodedShapes {
  /// An encoder's capacity with this value means that its buffer is an ``EncodedShapes``.
  static let capacityMark = Int.min

  /// Number of values written, including those that did not fit into `shapes`.
  package private(set) var count = 0
  /// Array elements not yet written; the array's own shape covers them.
  private var elementsToCome: UInt64 = 0
  private var shapes = InlineArray<256, UInt8>(repeating: 0)

  package init() {}

  package subscript(index: Int) -> EncodedShape { EncodedShape(shapes[index]) }

  /// Called by an encoder that has no room for a value.
  @usableFromInline @inline(never)
  static func note(
    _ shape: EncodedShape, _ value: UInt64, _ base: UnsafeMutableRawPointer, capacity: Int
  ) {
    guard capacity == capacityMark else { return }
    base.assumingMemoryBound(to: EncodedShapes.self).pointee.note(shape, value)
  }

  private mutating func note(_ shape: EncodedShape, _ value: UInt64) {
    if elementsToCome > 0 {
      elementsToCome -= 1
      return
    }
    if count < shapes.count { shapes[count] = shape.rawValue }
    count += 1
    if shape.isArray { elementsToCome = value }
  }
}

/// How the output of an event's `encode` differs from the event's schema.
package enum EncodingMismatch: Equatable, Sendable {
  /// The number of values differs from the number of the schema's fields.
  case count(written: Int)
  /// The value at this position has another type than the field.
  case kind(position: Int, written: EncodedShape)
  /// The integer at this position has more bits than the field, so larger values are truncated.
  case width(position: Int, written: EncodedShape)

  /// Whether the events cannot be recorded at all.
  package var isFatal: Bool {
    if case .width = self { false } else { true }
  }
}

extension EncodedShapes {
  /// The first difference from a schema's fields, or nil. Differences that make the event
  /// unreadable come first. Does not allocate.
  package func mismatch(with schema: EventSchema) -> EncodingMismatch? {
    var narrow: EncodingMismatch?
    for position in 0..<min(count, schema.fields.count, shapes.count) {
      let shape = self[position]
      switch schema.fields[position].type.fit(shape) {
      case .fits: break
      case .isWider: narrow = narrow ?? .width(position: position, written: shape)
      case .isOther: return .kind(position: position, written: shape)
      }
    }
    return count == schema.fields.count ? narrow : .count(written: count)
  }
}

extension FieldType {
  fileprivate enum Fit { case fits, isWider, isOther }

  fileprivate func fit(_ shape: EncodedShape) -> Fit {
    let isArray = if case .array = self { true } else { false }
    guard isArray == shape.isArray else { return .isOther }
    switch element {
    case .string, .bytes: return shape.element == .blob ? .fits : .isOther
    case .enumeration(let schema): return schema.underlying.fit(shape)
    case .scalar(let scalar): return scalar.fit(shape)
    }
  }
}

extension ScalarType {
  fileprivate func fit(_ shape: EncodedShape) -> FieldType.Fit {
    let bits = shape.integerBits
    switch self {
    // A float may travel as its bit pattern.
    case .float: return shape.element == .float || bits == 32 ? .fits : .isOther
    case .double: return shape.element == .double || bits == 64 ? .fits : .isOther
    case .bool: return shape.element == .bool || bits != nil ? .fits : .isOther
    default:
      if shape.element == .bool { return .fits }
      guard let bits else { return .isOther }
      return bits <= bitWidth ? .fits : .isWider
    }
  }
}
