/// A fixed-size value. In a record, each value takes one 64-bit word: integers are sign- or
/// zero-extended, floats are stored by bit pattern.
public enum ScalarType: UInt8, CaseIterable, Hashable, Sendable {
  case uint8 = 1
  case uint16 = 2
  case uint32 = 3
  case uint64 = 4
  case int8 = 5
  case int16 = 6
  case int32 = 7
  case int64 = 8
  case bool = 9
  case float = 10
  case double = 11
  /// A 64-bit address or handle, shown in hex.
  case pointer = 12

  public var isSigned: Bool { (Self.int8.rawValue...Self.int64.rawValue).contains(rawValue) }

  /// The number of bits in a value; the other bits of its word are its sign or zero extension.
  public var bitWidth: Int {
    switch self {
    case .uint8, .int8: 8
    case .uint16, .int16: 16
    case .uint32, .int32, .float: 32
    case .uint64, .int64, .double, .pointer: 64
    case .bool: 1
    }
  }
}

/// The type of a value that is not an array.
public enum ElementType: Hashable, Sendable {
  case scalar(ScalarType)
  /// An integer with names for some of its values. Other values are valid and shown as numbers.
  case enumeration(EnumSchema)
  /// UTF-8, not terminated.
  case string
  case bytes
}

/// The type of an event's field.
public enum FieldType: Hashable, Sendable {
  case one(ElementType)
  case array(ElementType)

  public var element: ElementType {
    switch self {
    case .one(let element), .array(let element): element
    }
  }

  /// The scalar type of a field that takes one word; nil if the field's size varies.
  public var fixedScalar: ScalarType? {
    switch self {
    case .one(.scalar(let scalar)): scalar
    case .one(.enumeration(let schema)): schema.underlying
    default: nil
    }
  }

  /// One number, boolean or address.
  public static func scalar(_ type: ScalarType) -> FieldType { .one(.scalar(type)) }
  /// One integer whose values have names.
  public static func enumeration(_ schema: EnumSchema) -> FieldType { .one(.enumeration(schema)) }

  public static let uint8 = FieldType.scalar(.uint8)
  public static let uint16 = FieldType.scalar(.uint16)
  public static let uint32 = FieldType.scalar(.uint32)
  public static let uint64 = FieldType.scalar(.uint64)
  public static let int8 = FieldType.scalar(.int8)
  public static let int16 = FieldType.scalar(.int16)
  public static let int32 = FieldType.scalar(.int32)
  public static let int64 = FieldType.scalar(.int64)
  public static let bool = FieldType.scalar(.bool)
  public static let float = FieldType.scalar(.float)
  public static let double = FieldType.scalar(.double)
  public static let pointer = FieldType.scalar(.pointer)
  public static let string = FieldType.one(.string)
  public static let bytes = FieldType.one(.bytes)
}

/// The named values of an integer field.
public struct EnumSchema: Hashable, Sendable {
  public var name: String
  public var underlying: ScalarType
  /// Values are sign- or zero-extended to 64 bits, as in a record.
  public var cases: [EnumCase]
  /// True if the cases are bits that may be combined; they are shown as `A|B`.
  public var isFlags: Bool

  public init(
    name: String, underlying: ScalarType = .uint32, isFlags: Bool = false, cases: [EnumCase]
  ) {
    self.name = name
    self.underlying = underlying
    self.isFlags = isFlags
    self.cases = cases
  }
}

/// A value of an enumeration and its name.
public struct EnumCase: Hashable, Sendable {
  public var name: String
  public var value: UInt64

  public init(_ name: String, _ value: UInt64) {
    self.name = name
    self.value = value
  }
}

/// The meaning of a field, or how to show it. Does not affect how it is stored.
public enum FieldHint: UInt8, CaseIterable, Hashable, Sendable {
  case none = 0
  case hexadecimal = 1
  case bytes = 2
  case nanoseconds = 3
  case microseconds = 4
  case milliseconds = 5
  case percent = 6
  case count = 7
  /// A code address that can be resolved to a name.
  case codeAddress = 8
  case processID = 9
  case threadID = 10
  /// Identifies the activity, such as a request, that the event belongs to: a number, bytes, or a
  /// string such as a W3C `traceparent`. See ``EventOpcode``.
  case activity = 11
  /// A string by which activities are grouped in reports, such as a route. Only in the event that
  /// starts the activity.
  case activityName = 12

  /// The suffix shown after a value, or "".
  public var unit: String {
    switch self {
    case .bytes: "B"
    case .nanoseconds: "ns"
    case .microseconds: "us"
    case .milliseconds: "ms"
    case .percent: "%"
    default: ""
    }
  }
}

extension FieldType {
  /// `uint32`, `string`, `[string]`, or an enumeration's name.
  public var name: String {
    let name =
      switch element {
      case .scalar(let scalar): "\(scalar)"
      case .enumeration(let schema): schema.name
      case .string: "string"
      case .bytes: "bytes"
      }
    return self == .array(element) ? "[\(name)]" : name
  }
}
