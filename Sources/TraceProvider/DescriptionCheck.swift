import TraceEvents

/// A provider's description without the parts that cannot be traced, and the errors found, in
/// sentences for the provider's author.
///
/// An error disables only the event that has it. The program and its other events are not affected.
struct DescriptionCheck {
  private(set) var name: String
  private(set) var keywords: [KeywordSchema]
  /// The events that can be traced, and their types in the same order.
  private(set) var schemas: [EventSchema] = []
  private(set) var types: [any TraceEvent.Type] = []
  var faults: [String] = []

  init(name: String, _ description: ProviderDescription) {
    self.name = name
    keywords = description.keywords
    checkHeading()
    for event in description.events { add(event) }
  }

  private mutating func checkHeading() {
    if name.isEmpty { faults.append("it has no name; sessions cannot select it") }
    if name.utf8.count > SchemaLimits.nameBytes {
      name = String(decoding: name.utf8.prefix(SchemaLimits.nameBytes / 2), as: UTF8.self)
      faults.append("its name is longer than \(SchemaLimits.nameBytes) bytes and was cut")
    }
    let long = keywords.count { $0.name.utf8.count > SchemaLimits.nameBytes }
    if long > 0 {
      keywords.removeAll { $0.name.utf8.count > SchemaLimits.nameBytes }
      faults.append(
        "\(long) of its keywords have names longer than \(SchemaLimits.nameBytes) bytes and "
          + "were left out")
    }
    if keywords.count > SchemaLimits.keywords {
      keywords = Array(keywords.prefix(SchemaLimits.keywords))
      faults.append("it has more than \(SchemaLimits.keywords) keywords; the rest were left out")
    }
  }

  private mutating func add(_ event: any TraceEvent.Type) {
    if types.contains(where: { $0 == event }) { return }
    // The type makes its schema anew at each call.
    let schema = event.schema
    guard let fault = fault(of: schema, event) else {
      schemas.append(schema)
      types.append(event)
      return
    }
    faults.append("\(event) \(fault). Its events are not recorded")
  }

  /// Leaves out all events, because there is no memory for their state.
  mutating func dropEvents() {
    schemas = []
    types = []
    faults.append("there is no memory for its events; they cannot be traced")
  }

  private func fault(of schema: EventSchema, _ event: any TraceEvent.Type) -> String? {
    if schema.provider != name {
      let nearly = schema.provider.lowercased() == name.lowercased()
      return "says in its schema that its provider is '\(schema.provider)'"
        + (nearly ? ", which differs in upper and lower case" : "")
        + "; give both the same name"
    }
    if schema.id != event.eventID {
      return "has the eventID \(event.eventID), and \(schema.id) in its schema; make them equal"
    }
    if let violation = schema.limitViolation { return "cannot be traced: \(violation)" }
    if let other = schemas.firstIndex(where: { $0.id == schema.id }) {
      return "has the id \(schema.id), which \(types[other]) has too; "
        + "give each event a different id"
    }
    return nil
  }
}
