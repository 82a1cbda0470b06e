/// A field of an event: its name, its type, and how to show it.
public struct FieldSchema: Hashable, Sendable {
  public var name: String
  public var type: FieldType
  public var hint: FieldHint

  public init(_ name: String, _ type: FieldType, _ hint: FieldHint = .none) {
    self.name = name
    self.type = type
    self.hint = hint
  }
}

/// The description of an event type. With it, a reader can interpret events of an unknown type.
///
/// Evolution: raise `version` and append fields; never change or remove one.
public struct EventSchema: Hashable, Sendable {
  /// The name of the event's provider, unique among providers.
  public var provider: String
  /// Unique within the provider, below ``EventSchema/idLimit``.
  public var id: UInt16
  public var version: UInt8
  public var name: String
  public var level: Level
  public var keywords: Keywords
  public var fields: [FieldSchema]
  /// Whether the event starts or stops an activity.
  public var opcode: EventOpcode

  /// The upper bound of event ids. Each process that has the provider keeps a table with a row for
  /// each id.
  public static let idLimit = 4096

  public init(
    provider: String, id: UInt16, version: UInt8 = 0, name: String,
    level: Level = .informational, keywords: Keywords = [], fields: [FieldSchema] = [],
    opcode: EventOpcode = .info
  ) {
    self.provider = provider
    self.id = id
    self.version = version
    self.name = name
    self.level = level
    self.keywords = keywords
    self.fields = fields
    self.opcode = opcode
  }

  /// A number derived from the provider's name, the same on every machine: the 64-bit FNV-1a hash
  /// of its UTF-8.
  public var providerID: UInt64 { Self.providerID(forName: provider) }

  /// The number of the provider with this name.
  public static func providerID(forName name: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return hash
  }

  /// Whether a reader built for `expected` can decode events written with this schema: common
  /// fields must have the same type. Missing fields read as zero or empty, and additional fields
  /// are ignored.
  public func isReadable(as expected: EventSchema) -> Bool {
    guard provider == expected.provider, id == expected.id else { return false }
    return zip(fields, expected.fields).allSatisfy { written, wanted in
      written.type.hasSameShape(as: wanted.type)
    }
  }
}

extension FieldType {
  /// Whether both types are stored the same way. Enumerations are compared by integer type, not by
  /// the names of their values.
  func hasSameShape(as other: FieldType) -> Bool {
    switch (self, other) {
    case (.one(let a), .one(let b)), (.array(let a), .array(let b)): a.shape == b.shape
    default: false
    }
  }
}

extension ElementType {
  fileprivate var shape: ElementType {
    if case .enumeration(let schema) = self { .scalar(schema.underlying) } else { self }
  }
}

/// A provider's description for sessions: its name, its keywords, and its events.
public struct ProviderSchema: Hashable, Sendable {
  public var name: String
  public var keywords: [KeywordSchema]
  public var events: [EventSchema]

  public init(name: String, keywords: [KeywordSchema] = [], events: [EventSchema]) {
    self.name = name
    self.keywords = keywords
    self.events = events
  }
}
