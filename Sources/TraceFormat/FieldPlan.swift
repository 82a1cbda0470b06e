internal import TraceEvents

/// The layout of a field in records and columns.
struct FieldPlan {
  enum Shape: UInt8 {
    case scalar
    /// A string or a blob, interned in the section's string table.
    case text
    case scalarArray
    case textArray
  }

  var shape: Shape
  /// Type of the scalar or of the array's elements; nil for text.
  var scalar: ScalarType?

  init(_ type: FieldType) {
    switch type.element {
    case .scalar(let scalar): self.scalar = scalar
    case .enumeration(let schema): scalar = schema.underlying
    case .string, .bytes: scalar = nil
    }
    if case .array = type {
      shape = scalar == nil ? .textArray : .scalarArray
    } else {
      shape = scalar == nil ? .text : .scalar
    }
  }

  var isText: Bool { shape == .text || shape == .textArray }
  var isArray: Bool { shape == .scalarArray || shape == .textArray }

  var hint: ColumnHint { scalar == .float || scalar == .double ? .floats : .integers }
}

extension ScalarType {
  /// Returns the word truncated to the type's width, then sign- or zero-extended.
  func canonical(_ word: UInt64) -> UInt64 {
    if self == .bool { return word == 0 ? 0 : 1 }
    let unused = UInt64(64 - bitWidth)
    return isSigned
      ? UInt64(bitPattern: Int64(bitPattern: word &<< unused) &>> Int64(unused))
      : (word &<< unused) &>> unused
  }
  /// Whether the word is a value of the type, sign- or zero-extended.
  func holds(_ word: UInt64) -> Bool { word == canonical(word) }

  /// Whether all of the words are values of the type.
  func holds(_ words: UnsafePointer<UInt64>, count: Int) -> Bool {
    guard bitWidth < 64 else { return true }
    // The bias maps a signed value to an unsigned one of the same width.
    let bias: UInt64 = isSigned ? 1 &<< UInt64(bitWidth - 1) : 0
    var bits: UInt64 = 0
    for index in 0..<count { bits |= words[index] &+ bias }
    return bits &>> UInt64(bitWidth) == 0
  }
}
