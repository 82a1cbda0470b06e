internal import TraceEvents

/// The description of a kind of events in the file.
struct NetMetadata {
  var id: UInt32 = 0
  var provider = ""
  var eventID: UInt32 = 0
  var name = ""
  var keywords: UInt64 = 0
  var version: UInt8 = 0
  var level: UInt8 = 4
  /// Nil if it is not stated.
  var opcode: UInt8?
  var fields: [NetField] = []
  /// Whether the fields cannot be read; the payload is then kept as bytes.
  var areFieldsUnknown = false

  private enum Tag {
    static let opcode: UInt8 = 1
    static let fields: UInt8 = 2
    static let keywords: UInt8 = 3
    static let message: UInt8 = 4
    static let description: UInt8 = 5
    static let pair: UInt8 = 6
    static let guid: UInt8 = 7
    static let level: UInt8 = 8
    static let version: UInt8 = 9
  }

  // MARK: Versions 4 and 5

  /// Reads the payload of a row of a metadata block of versions 4 and 5.
  init(object bytes: UnsafeRawBufferPointer) {
    var cursor = NetCursor(bytes)
    id = cursor.take()
    provider = cursor.name16()
    eventID = cursor.take()
    name = cursor.name16()
    keywords = cursor.take()
    version = UInt8(truncatingIfNeeded: cursor.take(UInt32.self))
    level = UInt8(truncatingIfNeeded: cursor.take(UInt32.self))
    guard cursor.rest > 0 else { return }
    fields = readFields(&cursor, .plain)
    while cursor.rest > 0, !areFieldsUnknown {
      let size = cursor.take(UInt32.self)
      let tag = cursor.take(UInt8.self)
      var part = NetCursor(cursor.slice(Int(size)))
      switch tag {
      case Tag.opcode: opcode = part.take()
      case Tag.fields where fields.isEmpty: fields = readFields(&part, .sized)
      default: break
      }
      if cursor.isShort { areFieldsUnknown = true }
    }
  }

  private mutating func readFields(
    _ cursor: inout NetCursor, _ form: NetFieldReader.Form
  ) -> [NetField] {
    var reader = NetFieldReader(form)
    let fields = reader.fields(&cursor)
    areFieldsUnknown = areFieldsUnknown || reader.isUnknown || cursor.isShort
    return fields
  }

  // MARK: Version 6

  /// Reads a row of a metadata block of version 6.
  init(row bytes: UnsafeRawBufferPointer) {
    var cursor = NetCursor(bytes)
    id = UInt32(truncatingIfNeeded: cursor.varint())
    provider = cursor.name8()
    eventID = UInt32(truncatingIfNeeded: cursor.varint())
    name = cursor.name8()
    fields = readFields(&cursor, .version6)
    var options = NetCursor(cursor.slice(Int(cursor.take(UInt16.self))))
    while options.rest > 0 {
      switch options.take(UInt8.self) {
      case Tag.opcode: opcode = options.take()
      case Tag.keywords: keywords = options.take()
      case Tag.message, Tag.description: _ = options.slice(Int(clamping: options.varint()))
      case Tag.pair:
        for _ in 0..<2 { _ = options.slice(Int(clamping: options.varint())) }
      case Tag.guid: options.skip(16)
      case Tag.level: level = options.take()
      case Tag.version: version = options.take()
      default: options.end()
      }
    }
    if cursor.isShort { areFieldsUnknown = true }
  }
}
