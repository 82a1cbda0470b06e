/// A field of an event: its name, what it holds and how to show it.
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

/// Everything that a reader needs in order to understand an event that it has never seen.
///
/// Evolution: raise `version` and append fields; never change or remove one.
public struct EventSchema: Hashable, Sendable {
  /// Name of the provider that writes it, unique among providers.
  public var provider: String
  /// Unique within the provider, below ``EventSchema/idLimit``.
  public var id: UInt16
  public var version: UInt8
  public var name: String
  public var level: Level
  public var keywords: Keywords
  public var fields: [FieldSchema]

  /// Event ids are below this: each id owns a row in a table of every process that has the
  /// provider.
  public static let idLimit = 4096

  public init(
    provider: String, id: UInt16, version: UInt8 = 0, name: String,
    level: Level = .informational, keywords: Keywords = [], fields: [FieldSchema] = []
  ) {
    self.provider = provider
    self.id = id
    self.version = version
    self.name = name
    self.level = level
    self.keywords = keywords
    self.fields = fields
  }

  /// The same number on every machine for the same provider name: 64-bit FNV-1a of its UTF-8.
  public var providerID: UInt64 { Self.providerID(forName: provider) }

  /// The number of a provider that is known by name only.
  public static func providerID(forName name: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return hash
  }

  /// Whether a reader built for `expected` can decode events written with this schema: the fields
  /// that both have agree in type. Missing ones read as zero or empty, further ones are ignored.
  public func isReadable(as expected: EventSchema) -> Bool {
    guard provider == expected.provider, id == expected.id else { return false }
    return zip(fields, expected.fields).allSatisfy { written, wanted in
      written.type.hasSameShape(as: wanted.type)
    }
  }
}

extension FieldType {
  /// Same stored form: enumerations compare by their integer, whatever the names of their values.
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

/// A provider as others see it: its name, the names of its keywords, and its events.
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
