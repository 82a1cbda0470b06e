internal import TraceEvents

/// What is needed of a field for each event: no more than its name and its type say, but without
/// text and references, which cost time to pass around.
struct NetShape {
  enum Code: UInt8 {
    /// A number of ``NetShape/bytes`` bytes.
    case number
    case pointer
    case text
    case other
  }

  let code: Code
  let scalar: ScalarType
  let bytes: Int32
  /// Whether the value is the number of a later field's elements.
  let isCount: Bool

  init(_ field: NetField) {
    switch field.type {
    case .number(let scalar):
      (code, self.scalar) = (.number, scalar)
      bytes = Int32(max(8, scalar.bitWidth) / 8)
      isCount = field.name.hasPrefix("Count")
    case .pointer: (code, scalar, bytes, isCount) = (.pointer, .pointer, 0, false)
    case .text: (code, scalar, bytes, isCount) = (.text, .uint8, 0, false)
    default: (code, scalar, bytes, isCount) = (.other, .uint8, 0, false)
    }
  }
}
