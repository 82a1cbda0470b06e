internal import TraceEvents

/// Reads descriptions of fields.
struct NetFieldReader {
  enum Form {
    /// Type, then name.
    case plain
    /// Size, name, type: the form of arrays in versions 4 and 5.
    case sized
    /// The same with shorter numbers, and texts in UTF-8.
    case version6
  }

  /// The number of fields of an event, with those of its objects.
  static let fieldsMax = 240
  private static let depthMax = 8

  private let form: Form
  private var depth = 0
  /// Whether a description cannot be read.
  private(set) var isUnknown = false

  init(_ form: Form) { self.form = form }

  mutating func fields(_ cursor: inout NetCursor) -> [NetField] {
    let count =
      form == .version6 ? Int(cursor.take(UInt16.self)) : Int(cursor.take(UInt32.self))
    guard count <= Self.fieldsMax, depth < Self.depthMax else {
      isUnknown = true
      return []
    }
    var list: [NetField] = []
    for _ in 0..<count where !isUnknown {
      list.append(field(&cursor))
      if cursor.isShort { isUnknown = true }
    }
    return list
  }

  private mutating func field(_ cursor: inout NetCursor) -> NetField {
    if form == .plain {
      let type = type(&cursor)
      return NetField(name: cursor.name16(), type: type)
    }
    let size =
      form == .sized ? Int(cursor.take(UInt32.self)) - 4 : Int(cursor.take(UInt16.self))
    var part = NetCursor(cursor.slice(size))
    let name = form == .sized ? part.name16() : part.name8()
    let field = NetField(name: name, type: type(&part))
    if part.isShort { isUnknown = true }
    return field
  }

  private mutating func type(_ cursor: inout NetCursor) -> NetType {
    let code = form == .version6 ? UInt32(cursor.take(UInt8.self)) : cursor.take(UInt32.self)
    switch code {
    case 1: return nested { reader in .object(reader.fields(&cursor)) }
    case 19 where form != .plain: return nested { .array($0.type(&cursor)) }
    case 22 where form == .version6:
      let element = nested { $0.type(&cursor) }
      return .fixed(element, count: Int(cursor.take(UInt16.self)))
    case 24 where form == .version6, 25 where form == .version6:
      return .located(nested { $0.type(&cursor) }, isRelative: code == 24)
    default: return simple(code)
    }
  }

  private mutating func nested(_ read: (inout NetFieldReader) -> NetType) -> NetType {
    guard depth < Self.depthMax else {
      isUnknown = true
      return .rest
    }
    depth += 1
    defer { depth -= 1 }
    return read(&self)
  }

  private mutating func simple(_ code: UInt32) -> NetType {
    let scalars: [UInt32: ScalarType] = [
      5: .int8, 6: .uint8, 7: .int16, 8: .uint16, 9: .int32, 10: .uint32, 11: .int64, 12: .uint64,
      13: .float, 14: .double,
    ]
    if let scalar = scalars[code] { return .number(scalar) }
    switch code {
    case 3: return .boolean(bytes: 4)
    case 4: return .character(bytes: 2)
    case 15: return .opaque(bytes: 16)
    case 16: return .fileTime
    case 17: return .guid
    case 18: return .text
    case 20 where form == .version6: return .signedVarint
    case 21 where form == .version6: return .varint
    case 23 where form == .version6: return .character(bytes: 1)
    case 26 where form == .version6: return .boolean(bytes: 1)
    default:
      isUnknown = true
      return .rest
    }
  }
}
