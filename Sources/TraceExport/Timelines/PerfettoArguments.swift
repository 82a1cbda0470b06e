internal import TraceEvents
internal import TraceFormat

/// The fields of an event as Perfetto's debug annotations.
struct PerfettoArguments: ~Copyable {
  /// The value of a counter.
  enum Number {
    case integer(Int64)
    case fraction(Double)
  }

  let fields: EventArguments
  /// The annotations of the last event.
  private(set) var annotations = ProtobufMessage()
  private var annotation = ProtobufMessage()
  /// For each field of each type, what its annotation begins with: the name.
  private let names: [[ProtobufMessage]]
  private var scratch = OutputBuffer(collecting: 64 << 10)

  init(_ types: [EventType]) {
    fields = EventArguments(types)
    names = types.map { type in
      type.schema.fields.map { field in
        var name = ProtobufMessage()
        name.field(10, text: exported(field.name))
        return name
      }
    }
  }

  var types: [EventType] { fields.types }

  /// Returns the value of a field that is a number.
  func number(_ event: borrowing RawEvent, _ field: Int) -> Number {
    let word = event.word(field)
    switch types[event.typeIndex].schema.fields[field].type {
    case .one(.scalar(.float)):
      return .fraction(Double(Float(bitPattern: UInt32(truncatingIfNeeded: word))))
    case .one(.scalar(.double)): return .fraction(Double(bitPattern: word))
    case .one(.scalar(.uint64)): return .integer(Int64(clamping: word))
    default: return .integer(Int64(bitPattern: word))
    }
  }

  /// Replaces ``annotations`` by the fields of an event.
  mutating func collect(_ event: borrowing RawEvent) {
    annotations.clear()
    let schema = types[event.typeIndex].schema
    for (index, field) in schema.fields.enumerated() {
      annotation.clear()
      annotation.append(names[event.typeIndex][index])
      write(field.type, index, event)
      annotations.field(4, annotation)
    }
  }

  private mutating func write(_ type: FieldType, _ field: Int, _ event: borrowing RawEvent) {
    let word = event.word(field)
    switch type {
    case .one(.scalar(.bool)): annotation.field(2, word == 0 ? 0 : 1)
    case .one(.scalar(.pointer)): annotation.field(7, word)
    case .one(.scalar(.float)), .one(.scalar(.double)):
      if case .fraction(let value) = number(event, field) { annotation.field(5, double: value) }
    case .one(.scalar(let scalar)):
      if scalar.isSigned {
        annotation.field(4, word)
      } else {
        annotation.field(3, word)
      }
    case .one(.string):
      let bytes = event.bytes(field)
      if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) {
        annotation.field(6, bytes)
      } else {
        annotation.field(6, text: exported(String(decoding: bytes, as: UTF8.self)))
      }
    case .one(.enumeration(let schema)) where !schema.isFlags:
      if let known = schema.cases.first(where: { $0.value == word }) {
        annotation.field(6, text: exported(known.name))
      } else {
        annotation.field(4, word)
      }
    default: annotation.field(6, text: text(field, event))
    }
  }

  /// Returns flags, bytes and arrays as in JSON; a text of more than 64 KB is only announced.
  private mutating func text(_ field: Int, _ event: borrowing RawEvent) -> String {
    scratch.count = 0
    fields.writeValue(event, field, to: &scratch)
    if scratch.failure != 0 {
      scratch = OutputBuffer(collecting: 64 << 10)
      return "(more than 64 KB)"
    }
    let bytes = UnsafeBufferPointer(start: scratch.base, count: scratch.count)
    let text = String(decoding: bytes, as: UTF8.self)
    return text.hasPrefix("\"") ? String(text.dropFirst().dropLast()) : text
  }
}
