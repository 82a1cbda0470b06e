internal import TraceEvents
internal import TraceFormat

/// Makes the plans of kinds of events when their first event comes.
struct NetPlanner {
  /// The number of fields of all plans.
  private static let allFieldsMax = 1 << 18

  private var fieldCount = 0
  /// Names by number, and the next free number, of each provider.
  private var numbers: [String: [UInt16: String]] = [:]
  private var changed: [String: [String: UInt16]] = [:]
  private var nextFree: [String: UInt16] = [:]
  /// Layouts that were looked for before.
  private var layouts: [LayoutKey: (name: String, fields: [NetField])?] = [:]

  private struct LayoutKey: Hashable {
    var provider: String
    var id: UInt32
    var version: UInt8
  }

  /// The number of kinds whose payload is kept as bytes.
  private(set) var undescribed = 0
  /// The number of kinds whose number was changed.
  private(set) var renumbered = 0

  mutating func plan(_ metadata: NetMetadata) -> NetPlan {
    var name = metadata.name
    var layout = flattened(metadata.fields, prefix: "")
    var isUnknown = metadata.areFieldsUnknown
    if layout.isEmpty, !isUnknown {
      if let known = knownLayout(metadata) {
        layout = known.fields
        name = name.isEmpty ? known.name : name
      } else if name.isEmpty {
        isUnknown = true
      }
    }
    if isUnknown || layout.count > NetFieldReader.fieldsMax
      || fieldCount + layout.count > Self.allFieldsMax
    {
      layout = [NetField(name: "payload", type: .rest)]
      undescribed += 1
    }
    fieldCount += layout.count
    if name.isEmpty { name = "Event\(metadata.eventID)" }
    if !isUnknown, let meaning = NetMeaning(metadata.provider, metadata.eventID) {
      let isStart = meaning.schema.id == ContentionStart.eventID
      return NetPlan(meaning, layout: layout, use: isStart ? .contentionStart : .event)
    }
    let schema = EventSchema(
      provider: Self.provider(metadata), id: number(metadata, name), version: metadata.version,
      name: name, level: Level(rawValue: metadata.level),
      keywords: Keywords(rawValue: metadata.keywords), fields: Self.fields(layout),
      opcode: Self.opcode(metadata, name))
    return NetPlan(metadata, layout: layout, schema: schema, use: Self.use(metadata, name))
  }

  private static let layoutsMax = 4096

  private mutating func knownLayout(
    _ metadata: NetMetadata
  ) -> (name: String, fields: [NetField])? {
    let key = LayoutKey(
      provider: metadata.provider, id: metadata.eventID, version: metadata.version)
    if let known = layouts[key] { return known }
    let found = NetLayouts.layout(key.provider, key.id, version: key.version)
    if layouts.count < Self.layoutsMax { layouts[key] = .some(found) }
    return found
  }

  /// The provider's name, which must not be that of one of this product's own.
  private static func provider(_ metadata: NetMetadata) -> String {
    let own = [SystemSchema.providerName, RuntimeSchema.providerName]
    return own.contains(metadata.provider)
      ? metadata.provider + " (EventSource)" : metadata.provider
  }

  private static func use(_ metadata: NetMetadata, _ name: String) -> NetPlan.Use {
    if metadata.provider == NetLayouts.sampleProvider, metadata.eventID == 0 { return .sample }
    if let kind = NetUniversal.kind(metadata, name) { return .universal(kind) }
    let isStatement = metadata.provider == "Microsoft-DotNETCore-EventPipe" && name == "ProcessInfo"
    return isStatement ? .processStatement : .event
  }

  /// What an EventSource states, or its own rule: by the ending of the name.
  private static func opcode(_ metadata: NetMetadata, _ name: String) -> EventOpcode {
    switch metadata.opcode {
    case 1: .start
    case 2: .stop
    case nil where !metadata.name.isEmpty:
      name.hasSuffix("Start") ? .start : name.hasSuffix("Stop") ? .stop : .info
    default: .info
    }
  }

  /// The event's number, or another one if it is too large or belongs to an event with another
  /// name.
  private mutating func number(_ metadata: NetMetadata, _ name: String) -> UInt16 {
    let provider = metadata.provider
    if let own = UInt16(exactly: metadata.eventID), Int(own) < EventSchema.idLimit {
      let known = numbers[provider]?[own]
      if known == nil || known == name {
        numbers[provider, default: [:]][own] = name
        return own
      }
    }
    renumbered += 1
    if let known = changed[provider]?[name] { return known }
    var free = nextFree[provider] ?? UInt16(EventSchema.idLimit - 1)
    while free > 0, numbers[provider]?[free] != nil { free -= 1 }
    nextFree[provider] = free
    numbers[provider, default: [:]][free] = name
    changed[provider, default: [:]][name] = free
    return free
  }

  // MARK: Fields

  /// Objects become their fields: "address.city".
  private func flattened(_ fields: [NetField], prefix: String) -> [NetField] {
    fields.flatMap { field in
      let name = prefix + field.name
      guard case .object(let inner) = field.type else {
        return [NetField(name: name, type: field.type)]
      }
      return flattened(inner, prefix: name + ".")
    }
  }

  private static func fields(_ layout: [NetField]) -> [FieldSchema] {
    var names: Set<String> = []
    return layout.enumerated().map { index, field in
      var name = field.name.isEmpty ? "field\(index)" : field.name.cut(toBytes: NetText.nameBytes)
      while !names.insert(name).inserted { name += "_" }
      return FieldSchema(name, field.type.fieldType)
    }
  }
}
