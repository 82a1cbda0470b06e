/// An event that lists its fields once. The schema, the encoding and the decoding use the same
/// list, so a label cannot show another field's value.
///
///     struct OrderPlaced: ListedEvent {
///       var id: UInt64 = 0
///       var customer = ""
///
///       static var eventID: UInt16 { 1 }
///       static let schema = EventSchema(of: Self.self, provider: "Shop", name: "OrderPlaced")
///       static func fields(_ list: inout some FieldList<Self>) {
///         list.field("id", \.id, hint: .count)
///         list.field("customer", \.customer)
///       }
///     }
///
/// - Guarantee: fields are written in the list's order, which is also the schema's order.
/// - Cost: in optimized code, the same as a hand-written `encode`. In a library, mark `fields`,
///   `eventID` and the initializers `@inlinable`.
/// - Trap: the list must depend only on the type, because it runs for each event.
public protocol ListedEvent: TraceEvent {
  /// An event whose fields are all zero or empty; decoding sets them.
  init()
  /// Lists every field once, in the order in which they are written.
  static func fields<List: FieldList>(_ list: inout List) where List.Event == Self
}

/// An operation on each field of a ``ListedEvent``: listing, encoding or decoding.
public protocol FieldList<Event> {
  associatedtype Event

  /// A number, a text, bytes, or an array of those.
  ///
  /// `type` is the stored type if it is not the value's default type; for example, an address is a
  /// `.pointer`.
  mutating func field<Value: FieldValue>(
    _ name: StaticString, _ path: WritableKeyPath<Event, Value>,
    type: @autoclosure () -> FieldType, hint: FieldHint)

  /// An integer whose values have names.
  mutating func field<Value: OpenEnumeration>(
    _ name: StaticString, _ path: WritableKeyPath<Event, Value>,
    type: @autoclosure () -> FieldType, hint: FieldHint)

  /// Integers whose values have names; `type` is the array's.
  mutating func field<Value: OpenEnumeration>(
    _ name: StaticString, _ path: WritableKeyPath<Event, [Value]>,
    type: @autoclosure () -> FieldType, hint: FieldHint)

  /// A string of the operating system, which need not be UTF-8.
  mutating func field(_ name: StaticString, osString path: WritableKeyPath<Event, String>)

  /// Strings of the operating system, which need not be UTF-8.
  mutating func field(_ name: StaticString, osStrings path: WritableKeyPath<Event, [String]>)
}

extension FieldList {
  /// A field stored as the value's default type.
  @inlinable @inline(__always)
  public mutating func field<Value: FieldValue>(
    _ name: StaticString, _ path: WritableKeyPath<Event, Value>, hint: FieldHint = .none
  ) {
    field(name, path, type: Value.fieldType, hint: hint)
  }

  /// A field with an explicit stored type and no hint.
  @inlinable @inline(__always)
  public mutating func field<Value: FieldValue>(
    _ name: StaticString, _ path: WritableKeyPath<Event, Value>,
    type: @autoclosure () -> FieldType
  ) {
    field(name, path, type: type(), hint: .none)
  }

  /// An integer whose values have names, without a hint.
  @inlinable @inline(__always)
  public mutating func field<Value: OpenEnumeration>(
    _ name: StaticString, _ path: WritableKeyPath<Event, Value>,
    type: @autoclosure () -> FieldType
  ) {
    field(name, path, type: type(), hint: .none)
  }

  /// Integers whose values have names, without a hint.
  @inlinable @inline(__always)
  public mutating func field<Value: OpenEnumeration>(
    _ name: StaticString, _ path: WritableKeyPath<Event, [Value]>,
    type: @autoclosure () -> FieldType
  ) {
    field(name, path, type: type(), hint: .none)
  }
}

extension EventSchema {
  /// The schema of an event that lists its fields. Store it in a `static let`, because each call
  /// runs the list.
  ///
  /// - Cost: in optimized code, the same as a schema that lists its fields by hand, because no key
  ///   path remains after inlining. Creating a key path at run time takes about 10 µs.
  @inlinable
  public init<Event: ListedEvent>(
    of _: Event.Type, provider: String, version: UInt8 = 0, name: String,
    level: Level = .informational, keywords: Keywords = [], opcode: EventOpcode = .info
  ) {
    var list = FieldSchemas<Event>()
    Event.fields(&list)
    self.init(
      provider: provider, id: Event.eventID, version: version, name: name, level: level,
      keywords: keywords, fields: list.schemas, opcode: opcode)
  }
}

extension ListedEvent {
  @inlinable @inline(__always)
  public func encode(into encoder: inout EventEncoder) {
    withUnsafeMutablePointer(to: &encoder) {
      var list = EncodedFields(event: self, encoder: $0)
      Self.fields(&list)
    }
  }

  @inlinable @inline(__always)
  public init(from decoder: inout EventDecoder) {
    var list = DecodedFields(event: Self(), decoder: decoder)
    Self.fields(&list)
    decoder = list.decoder
    self = list.event
  }
}

/// The fields' names and types.
@usableFromInline
struct FieldSchemas<Event>: FieldList {
  @usableFromInline var schemas: [FieldSchema] = []

  @inlinable @inline(__always)
  init() {}

  @inlinable @inline(__always)
  mutating func field<Value: FieldValue>(
    _ name: StaticString, _: WritableKeyPath<Event, Value>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    schemas.add(name, type(), hint)
  }

  @inlinable @inline(__always)
  mutating func field<Value: OpenEnumeration>(
    _ name: StaticString, _: WritableKeyPath<Event, Value>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    schemas.add(name, type(), hint)
  }

  @inlinable @inline(__always)
  mutating func field<Value: OpenEnumeration>(
    _ name: StaticString, _: WritableKeyPath<Event, [Value]>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    schemas.add(name, type(), hint)
  }

  @inlinable @inline(__always)
  mutating func field(_ name: StaticString, osString _: WritableKeyPath<Event, String>) {
    schemas.add(name, .string)
  }

  @inlinable @inline(__always)
  mutating func field(_ name: StaticString, osStrings _: WritableKeyPath<Event, [String]>) {
    schemas.add(name, .array(.string))
  }
}

extension [FieldSchema] {
  @usableFromInline
  mutating func add(_ name: StaticString, _ type: FieldType, _ hint: FieldHint = .none) {
    append(FieldSchema(name.description, type, hint))
  }
}

/// Writes the fields' values.
@usableFromInline
struct EncodedFields<Event>: FieldList {
  @usableFromInline let event: Event
  @usableFromInline let encoder: UnsafeMutablePointer<EventEncoder>

  @inlinable @inline(__always)
  init(event: Event, encoder: UnsafeMutablePointer<EventEncoder>) {
    self.event = event
    self.encoder = encoder
  }

  @inlinable @inline(__always)
  mutating func field<Value: FieldValue>(
    _: StaticString, _ path: WritableKeyPath<Event, Value>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    event[keyPath: path].encode(into: &encoder.pointee)
  }

  @inlinable @inline(__always)
  mutating func field<Value: OpenEnumeration>(
    _: StaticString, _ path: WritableKeyPath<Event, Value>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    encoder.pointee.encode(event[keyPath: path].rawValue)
  }

  @inlinable @inline(__always)
  mutating func field<Value: OpenEnumeration>(
    _: StaticString, _ path: WritableKeyPath<Event, [Value]>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    encoder.pointee.encode(array: event[keyPath: path])
  }

  @inlinable @inline(__always)
  mutating func field(_: StaticString, osString path: WritableKeyPath<Event, String>) {
    encoder.pointee.encode(osString: event[keyPath: path])
  }

  @inlinable @inline(__always)
  mutating func field(_: StaticString, osStrings path: WritableKeyPath<Event, [String]>) {
    encoder.pointee.encode(osStrings: event[keyPath: path])
  }
}

/// Reads the fields' values.
@usableFromInline
struct DecodedFields<Event>: FieldList {
  @usableFromInline var event: Event
  @usableFromInline var decoder: EventDecoder

  @inlinable @inline(__always)
  init(event: Event, decoder: EventDecoder) {
    self.event = event
    self.decoder = decoder
  }

  @inlinable @inline(__always)
  mutating func field<Value: FieldValue>(
    _: StaticString, _ path: WritableKeyPath<Event, Value>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    event[keyPath: path] = Value(from: &decoder)
  }

  @inlinable @inline(__always)
  mutating func field<Value: OpenEnumeration>(
    _: StaticString, _ path: WritableKeyPath<Event, Value>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    event[keyPath: path] = decoder.decode()
  }

  @inlinable @inline(__always)
  mutating func field<Value: OpenEnumeration>(
    _: StaticString, _ path: WritableKeyPath<Event, [Value]>, type: @autoclosure () -> FieldType,
    hint: FieldHint
  ) {
    event[keyPath: path] = decoder.decode(arrayOf: Value.self)
  }

  @inlinable @inline(__always)
  mutating func field(_: StaticString, osString path: WritableKeyPath<Event, String>) {
    event[keyPath: path] = decoder.decodeOSString()
  }

  @inlinable @inline(__always)
  mutating func field(_: StaticString, osStrings path: WritableKeyPath<Event, [String]>) {
    event[keyPath: path] = decoder.decodeOSStrings()
  }
}
