internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// Which events begin and end an interval: those that the reports pair, too.
struct SpanRules {
  /// What intervals of one kind have in common.
  struct Kind {
    var provider: String
    var name: String
    /// Types of the events that begin and end one.
    var starts: [Int] = []
    var stops: [Int] = []
  }

  /// The part of a type of events.
  struct Rule {
    /// Position in ``SpanRules/kinds``.
    var kind: Int
    var isStart: Bool
    /// Whether both events are of one thread; otherwise they are of one process.
    var isOfThread: Bool
    /// The field that has the same value in both; nil if there is none.
    var id: Int?
    /// For an event that ends an interval, the fields that no beginning has, and the others,
    /// without the id.
    var ownFields: [Int] = []
    var sharedFields: [Int] = []
  }

  /// An interval that has begun.
  struct Key: Hashable {
    var kind: Int
    var process: UInt32
    var thread: UInt32
    var word: UInt64
    var bytes: [UInt8]
  }

  /// Maximum number of bytes of an id that are compared, as in the report of requests.
  private static let idBytesMax = 128

  private(set) var kinds: [Kind] = []
  private(set) var rules: [Rule?]
  private let types: [EventType]

  init(_ types: [EventType]) {
    self.types = types
    rules = [Rule?](repeating: nil, count: types.count)
    var numbers: [String: Int] = [:]
    for (index, type) in types.enumerated() {
      guard let found = Self.rule(of: type.schema) else { continue }
      let name = found.0
      var rule = found.1
      let key = "\(type.schema.provider)/\(name)"
      rule.kind = numbers[key] ?? kinds.count
      if rule.kind == kinds.count {
        numbers[key] = kinds.count
        kinds.append(Kind(provider: type.schema.provider, name: name))
      }
      rules[index] = rule
      if rule.isStart {
        kinds[rule.kind].starts.append(index)
      } else {
        kinds[rule.kind].stops.append(index)
      }
    }
    for index in types.indices { splitFields(index) }
  }

  private mutating func splitFields(_ index: Int) {
    guard let rule = rules[index], !rule.isStart else { return }
    let shared = Set(kinds[rule.kind].starts.flatMap { types[$0].schema.fields.map(\.name) })
    let fields = types[index].schema.fields
    for position in fields.indices where position != rule.id {
      if shared.contains(fields[position].name) {
        rules[index]?.sharedFields.append(position)
      } else {
        rules[index]?.ownFields.append(position)
      }
    }
  }

  /// The pairs of the Runtime provider, whose events have no opcodes: the name of the interval, the
  /// events, and the field by which they belong together.
  private static let runtime:
    [(name: String, start: String, stop: String, id: String, isOfThread: Bool)] = [
      ("GC", "GCStart", "GCEnd", "count", false),
      ("GCSuspend", "GCSuspendBegin", "GCRestartEnd", "", false),
      ("MethodJitting", "MethodJittingStarted", "MethodLoad", "methodID", true),
      ("Contention", "ContentionStart", "ContentionStop", "lockID", true),
      ("MonitorWait", "MonitorWaitStart", "MonitorWaitStop", "lockID", true),
    ]

  private static func rule(of schema: EventSchema) -> (String, Rule)? {
    if schema.provider == RuntimeSchema.providerName {
      guard
        let found = runtime.first(where: { $0.start == schema.name || $0.stop == schema.name })
      else { return nil }
      let id = schema.fields.firstIndex { $0.name == found.id }
      let rule = Rule(
        kind: 0, isStart: found.start == schema.name, isOfThread: found.isOfThread, id: id)
      return (found.name, rule)
    }
    guard let type = ActivityType(schema) else { return nil }
    let rule = Rule(
      kind: 0, isStart: type.isStart, isOfThread: type.id == nil, id: type.id?.field)
    return (type.kind.name, rule)
  }

  /// What distinguishes an interval from others that are open at the same time.
  func key(_ event: borrowing RawEvent, _ rule: Rule) -> Key {
    var key = Key(
      kind: rule.kind, process: event.header.processIndex,
      thread: rule.isOfThread ? event.header.tid : 0, word: 0, bytes: [])
    guard let id = rule.id else { return key }
    switch types[event.typeIndex].schema.fields[id].type {
    case .one(.string), .one(.bytes): key.bytes = Array(event.bytes(id).prefix(Self.idBytesMax))
    default: key.word = event.word(id)
    }
    return key
  }

  /// The fields of intervals of a kind, by which their schema is made.
  func fields(of kind: Int) -> [(name: String, field: FieldSchema)] {
    var known: Set<String> = []
    var found: [(name: String, field: FieldSchema)] = []
    func add(_ name: String, _ field: FieldSchema) {
      if known.insert(name).inserted { found.append((name, field)) }
    }
    for type in kinds[kind].starts {
      let fields = types[type].schema.fields
      for (name, field) in zip(uniqueNames(of: fields), fields) { add(name, field) }
    }
    for type in kinds[kind].stops {
      let fields = types[type].schema.fields
      let names = uniqueNames(of: fields)
      for position in rules[type]?.ownFields ?? [] { add(names[position], fields[position]) }
      for position in rules[type]?.sharedFields ?? [] {
        add(Self.stopPrefix + names[position], fields[position])
      }
    }
    return found
  }

  /// Comes before the name of a field that both events have, for the value of the second one.
  static let stopPrefix = "stop."
}
