// The binary form of schemas. The control protocol and trace files use the same bytes (SPEC.md,
// section 6).

/// The limits of a schema. A reader refuses schemas that exceed them.
package enum SchemaLimits {
  package static let nameBytes = 1024
  package static let fields = 256
  package static let enumCases = 4096
  package static let keywords = 64
  package static let events = EventSchema.idLimit
}

extension EventSchema {
  package func write(to writer: inout ByteWriter) {
    writer.append(provider)
    writer.append(fixed: id)
    writer.append(version)
    writer.append(name)
    writer.append(level.rawValue)
    writer.append(fixed: keywords.rawValue)
    writer.append(varint: UInt64(fields.count))
    for field in fields { field.write(to: &writer) }
    // Added later; absent from the schemas of most events.
    if opcode != .info { writer.append(opcode.rawValue) }
  }

  package init(from reader: inout ByteReader) throws(ByteCodingError) {
    provider = try reader.readString(limit: SchemaLimits.nameBytes)
    id = try reader.readFixed()
    guard Int(id) < Self.idLimit else { throw reader.error(.unknownValue(UInt64(id))) }
    version = try reader.readUInt8()
    name = try reader.readString(limit: SchemaLimits.nameBytes)
    level = Level(rawValue: try reader.readUInt8())
    keywords = Keywords(rawValue: try reader.readFixed())
    let count = try reader.readCount(limit: SchemaLimits.fields)
    fields = []
    // A field takes three bytes at least.
    fields.reserveCapacity(min(count, reader.remaining / 3))
    for _ in 0..<count { fields.append(try FieldSchema(from: &reader)) }
    opcode = .info
    guard reader.remaining > 0 else { return }
    // A zero is no opcode: `info` is not written.
    var ahead = reader
    opcode = EventOpcode(rawValue: try ahead.readUInt8())
    if opcode != .info { reader = ahead }
  }

  /// The limit that makes ``init(from:)`` refuse this schema, or nil.
  package var limitViolation: String? {
    if Int(id) >= Self.idLimit { return "event id \(id) is not below \(Self.idLimit)" }
    if fields.count > SchemaLimits.fields { return "more than \(SchemaLimits.fields) fields" }
    if isLong(provider) || isLong(name) || fields.contains(where: { isLong($0.name) }) {
      return "a name is longer than \(SchemaLimits.nameBytes) bytes"
    }
    let tooManyCases = fields.contains {
      if case .enumeration(let schema) = $0.type.element {
        schema.cases.count > SchemaLimits.enumCases
      } else {
        false
      }
    }
    return tooManyCases ? "an enumeration has more than \(SchemaLimits.enumCases) names" : nil
  }

  private func isLong(_ name: String) -> Bool { name.utf8.count > SchemaLimits.nameBytes }
}

extension FieldSchema {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.append(name)
    type.write(to: &writer)
    writer.append(hint.rawValue)
  }

  fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
    name = try reader.readString(limit: SchemaLimits.nameBytes)
    type = try FieldType(from: &reader)
    // An unknown hint changes only how the value is shown.
    hint = FieldHint(rawValue: try reader.readUInt8()) ?? .none
  }
}

/// Type codes: 1 to 12 a scalar, 13 an enumeration, 14 a string, 15 bytes. An array has 0x80 added.
private enum TypeCode {
  static let enumeration: UInt8 = 13
  static let string: UInt8 = 14
  static let bytes: UInt8 = 15
  static let array: UInt8 = 0x80
}

extension FieldType {
  fileprivate func write(to writer: inout ByteWriter) {
    let arrayBit: UInt8 = if case .array = self { TypeCode.array } else { 0 }
    switch element {
    case .scalar(let scalar): writer.append(arrayBit | scalar.rawValue)
    case .string: writer.append(arrayBit | TypeCode.string)
    case .bytes: writer.append(arrayBit | TypeCode.bytes)
    case .enumeration(let schema):
      writer.append(arrayBit | TypeCode.enumeration)
      schema.write(to: &writer)
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
    let code = try reader.readUInt8()
    let element: ElementType
    switch code & ~TypeCode.array {
    case TypeCode.enumeration: element = .enumeration(try EnumSchema(from: &reader))
    case TypeCode.string: element = .string
    case TypeCode.bytes: element = .bytes
    case let scalarCode:
      guard let scalar = ScalarType(rawValue: scalarCode) else {
        throw reader.error(.unknownValue(UInt64(code)))
      }
      element = .scalar(scalar)
    }
    self = code & TypeCode.array != 0 ? .array(element) : .one(element)
  }
}

extension EnumSchema {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.append(name)
    writer.append(underlying.rawValue)
    writer.append(isFlags ? 1 : 0)
    writer.append(varint: UInt64(cases.count))
    for one in cases {
      writer.append(one.name)
      writer.append(varint: one.value)
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
    name = try reader.readString(limit: SchemaLimits.nameBytes)
    let code = try reader.readUInt8()
    guard let scalar = ScalarType(rawValue: code) else {
      throw reader.error(.unknownValue(UInt64(code)))
    }
    underlying = scalar
    isFlags = try reader.readUInt8() != 0
    let count = try reader.readCount(limit: SchemaLimits.enumCases)
    cases = []
    cases.reserveCapacity(min(count, reader.remaining / 2))
    for _ in 0..<count {
      let caseName = try reader.readString(limit: SchemaLimits.nameBytes)
      cases.append(EnumCase(caseName, try reader.readVarint()))
    }
  }
}

extension ProviderSchema {
  /// Name and keywords. Each event is sent separately, because all events together may be large.
  package func writeHeading(to writer: inout ByteWriter) {
    writer.append(name)
    writer.append(varint: UInt64(keywords.count))
    for keyword in keywords {
      writer.append(keyword.name)
      writer.append(fixed: keyword.keywords.rawValue)
    }
  }

  package init(headingFrom reader: inout ByteReader) throws(ByteCodingError) {
    name = try reader.readString(limit: SchemaLimits.nameBytes)
    let count = try reader.readCount(limit: SchemaLimits.keywords)
    keywords = []
    for _ in 0..<count {
      let keywordName = try reader.readString(limit: SchemaLimits.nameBytes)
      keywords.append(KeywordSchema(keywordName, Keywords(rawValue: try reader.readFixed())))
    }
    events = []
  }
}
