internal import TraceEvents

/// A field of an event, as the recording describes it.
struct NetField: Hashable {
  var name: String
  var type: NetType
}

/// The type of a field's bytes.
enum NetType: Hashable {
  /// A number of this form.
  case number(ScalarType)
  /// An address, of the size that the file states.
  case pointer
  /// A truth value of 4 bytes or of one.
  case boolean(bytes: Int)
  /// A character: a unit of UTF-16 or of UTF-8.
  case character(bytes: Int)
  case guid
  /// A Windows file time.
  case fileTime
  /// Bytes without a meaning.
  case opaque(bytes: Int)
  /// UTF-16 that ends with a NUL.
  case text
  /// UTF-8 that ends with a NUL.
  case narrowText
  case signedVarint, varint
  /// A count of two bytes, then the elements.
  indirect case array(NetType)
  /// As many elements as the field before with a name like "Count" says.
  indirect case counted(NetType)
  indirect case fixed(NetType, count: Int)
  /// Elements elsewhere in the payload.
  indirect case located(NetType, isRelative: Bool)
  case object([NetField])
  /// All bytes up to the payload's end.
  case rest

  /// The size of values, if all have the same.
  func size(_ pointerBytes: Int) -> Int? {
    switch self {
    case .number(let scalar): max(8, scalar.bitWidth) / 8
    case .pointer: pointerBytes
    case .boolean(let bytes), .character(let bytes), .opaque(let bytes): bytes
    case .guid: 16
    case .fileTime: 8
    case .located: 4
    case .fixed(let element, let count):
      element.size(pointerBytes).flatMap { size in
        let (product, overflows) = size.multipliedReportingOverflow(by: count)
        return overflows ? nil : product
      }
    case .object(let fields):
      fields.reduce(0) { total, field in
        guard let total, let size = field.type.size(pointerBytes) else { return nil }
        let (sum, overflows) = total.addingReportingOverflow(size)
        return overflows ? nil : sum
      }
    case .text, .narrowText, .signedVarint, .varint, .array, .counted, .rest: nil
    }
  }

  /// The type of the elements, of a type that has any.
  var element: NetType? {
    switch self {
    case .array(let element), .counted(let element), .fixed(let element, _),
      .located(let element, _):
      element
    default: nil
    }
  }

  /// The type in a trace.
  var fieldType: FieldType {
    switch self {
    case .number(let scalar): .scalar(scalar)
    case .pointer: .pointer
    case .boolean: .bool
    case .signedVarint: .int64
    case .varint: .uint64
    case .character, .guid, .fileTime, .text, .narrowText: .string
    case .opaque, .object, .rest: .bytes
    case .array(let element), .counted(let element), .fixed(let element, _),
      .located(let element, _):
      element.arrayType
    }
  }

  /// The type of an array of such values. Arrays of what has no elements in a trace are bytes.
  private var arrayType: FieldType {
    switch self {
    case .number(.uint8): .bytes
    case .number(let scalar): .array(.scalar(scalar))
    case .pointer: .array(.scalar(.pointer))
    case .boolean: .array(.scalar(.bool))
    case .character: .string
    case .text: .array(.string)
    default: .bytes
    }
  }

  /// Passes over a value.
  func skip(_ cursor: inout NetCursor, _ pointerBytes: Int) {
    if let size = size(pointerBytes) { return cursor.skip(size) }
    switch self {
    case .text: _ = cursor.terminated16()
    case .narrowText: cursor.skipTerminated()
    case .signedVarint, .varint: _ = cursor.varint()
    case .array(let element):
      element.skip(&cursor, pointerBytes, count: Int(cursor.take(UInt16.self)))
    case .fixed(let element, let count): element.skip(&cursor, pointerBytes, count: count)
    case .object(let fields): for field in fields { field.type.skip(&cursor, pointerBytes) }
    case .counted, .rest: cursor.skip(cursor.rest)
    default: cursor.end()
    }
  }

  /// Passes over values.
  func skip(_ cursor: inout NetCursor, _ pointerBytes: Int, count: Int) {
    if let size = size(pointerBytes) {
      let (bytes, overflows) = size.multipliedReportingOverflow(by: count)
      return overflows ? cursor.end() : cursor.skip(bytes)
    }
    for _ in 0..<count {
      // A count may promise billions of elements.
      guard !cursor.isShort else { return }
      skip(&cursor, pointerBytes)
    }
  }
}

extension NetCursor {
  mutating func skipTerminated() {
    while rest > 0 { if take(UInt8.self) == 0 { return } }
    end()
  }
}
