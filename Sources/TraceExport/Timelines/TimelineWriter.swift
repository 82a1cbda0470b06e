internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// Receives the events of a timeline that are not samples.
protocol TimelineWriter: ~Copyable {
  /// Whether the output has failed, so that nothing more is needed.
  var hasFailed: Bool { get }
  /// A thread that was not met before, before its first event.
  mutating func thread(_ thread: TimelineThread)
  mutating func contextSwitch(
    _ header: EventHeader, _ direction: SwitchDirection, _ state: ThreadState)
  /// An event that has counters of the machine or of a process.
  mutating func counters(_ event: borrowing RawEvent)
  mutating func event(_ event: borrowing RawEvent)
  mutating func loss(_ loss: LossLine)
}

/// Passes a value at a fixed address to `body`, whose escaping closures can then change it.
func withPlaced<Value: ~Copyable, Result>(
  _ value: consuming Value, _ body: (UnsafeMutablePointer<Value>) throws -> Result
) rethrows -> Result {
  let place = UnsafeMutablePointer<Value>.allocate(capacity: 1)
  place.initialize(to: value)
  defer {
    place.deinitialize(count: 1)
    place.deallocate()
  }
  return try body(place)
}

extension TraceTimeline {
  private enum Kind { case none, contextSwitch, counters, other }

  /// Delivers the threads of the samples, then all events but samples in order of time. Events that
  /// only describe what there was before the session (rundown) are left out.
  func deliver<Writer: TimelineWriter & ~Copyable>(
    to writer: UnsafeMutablePointer<Writer>
  ) throws {
    var known: Set<UInt64> = []
    for thread in threads where known.insert(thread.key).inserted {
      writer.pointee.thread(thread)
    }
    let kinds = eventTypes.map { isSample($0) ? Kind.none : Self.kind(of: $0.schema) }
    let replay = makeReplay()
    replay.onAny(where: otherEvents, fields: .all) { [self] event in
      let kind = kinds[event.typeIndex]
      guard kind != .none, !event.header.flags.contains(.rundown), admits(event.header) else {
        return
      }
      let key = UInt64(event.header.pid) << 32 | UInt64(event.header.tid)
      if known.insert(key).inserted { writer.pointee.thread(thread(of: event.header)) }
      switch kind {
      case .contextSwitch:
        writer.pointee.contextSwitch(
          event.header, SwitchDirection(rawValue: UInt8(truncatingIfNeeded: event.word(0))),
          ThreadState(rawValue: UInt8(truncatingIfNeeded: event.word(1))))
      case .counters: writer.pointee.counters(event)
      default: writer.pointee.event(event)
      }
      if writer.pointee.hasFailed { throw ReplayStop() }
    }
    replay.onLoss { loss in writer.pointee.loss(LossLine(loss, in: replay)) }
    try replay.run()
  }

  private static func kind(of schema: EventSchema) -> Kind {
    guard schema.provider == SystemSchema.providerName else { return .other }
    if schema.id == ContextSwitch.eventID { return .contextSwitch }
    let isCounter = !schema.keywords.intersection(SystemSchema.Keyword.counters).isEmpty
    return isCounter && schema.id != SystemCounters.eventID ? .counters : .other
  }
}

/// The fields of events as JSON.
struct EventArguments {
  private var table = StepTable<JSONStyle>()
  /// For each type, the positions of the fields that are numbers.
  private(set) var numbers: [[Int]] = []
  let types: [EventType]

  /// - Parameter keyPrefix: text before the name of each field, for formats with keys of their own.
  init(_ types: [EventType], keyPrefix: String = "") {
    self.types = types
    for type in types {
      let names = uniqueNames(of: type.schema.fields)
      let steps = names.indices.map {
        table.step(type.schema, at: $0, prefix: "\(quoted(keyPrefix + names[$0])):")
      }
      table.set(
        EventSteps(heading: .empty, steps: table.arena.store(values: steps), ending: .empty),
        type: type.index)
      numbers.append(
        names.indices.filter {
          if case .one(.scalar(let scalar)) = type.schema.fields[$0].type {
            return scalar != .bool && scalar != .pointer
          }
          return false
        })
    }
  }

  /// Returns the value of a field that is a number.
  func value(_ event: borrowing RawEvent, _ field: Int) -> Double {
    let word = event.word(field)
    switch types[event.typeIndex].schema.fields[field].type {
    case .one(.scalar(.float)): return Double(Float(bitPattern: UInt32(truncatingIfNeeded: word)))
    case .one(.scalar(.double)): return Double(bitPattern: word)
    case .one(.scalar(let scalar)) where scalar.isSigned: return Double(Int64(bitPattern: word))
    default: return Double(word)
    }
  }

  /// Writes the value of a field.
  func writeValue(_ event: borrowing RawEvent, _ field: Int, to output: inout OutputBuffer) {
    var step = table[event.typeIndex].steps[field]
    step.prefix = .empty
    output.append(step, event.columns, row: event.row, JSONStyle.self)
  }

  /// Writes the fields, each as a key and a value, separated by commas.
  func write(_ event: borrowing RawEvent, to output: inout OutputBuffer) {
    write(event, table[event.typeIndex].steps.indices, to: &output)
  }

  /// Writes the fields that are numbers.
  func writeNumbers(_ event: borrowing RawEvent, to output: inout OutputBuffer) {
    write(event, numbers[event.typeIndex], to: &output)
  }

  /// Writes some of the fields.
  func write(
    _ event: borrowing RawEvent, _ fields: some Sequence<Int>, to output: inout OutputBuffer
  ) {
    let steps = table[event.typeIndex].steps
    var isFirst = true
    for field in fields {
      if !isFirst { output.append(",") }
      isFirst = false
      output.append(steps[field], event.columns, row: event.row, JSONStyle.self)
    }
  }

  /// What distinguishes several sources of counters of one type: a disk's name, or the CPU.
  func counterName(_ event: borrowing RawEvent) -> String {
    let schema = types[event.typeIndex].schema
    let texts = schema.fields.indices.filter { schema.fields[$0].type == .string }
    let label = texts.first.map { String(decoding: event.bytes($0), as: UTF8.self) }
    if let label { return "\(schema.name) \(label)" }
    return schema.id == CPUCounters.eventID ? "\(schema.name) \(event.header.cpu)" : schema.name
  }
}
