internal import TraceEvents
internal import TraceFormat

/// How the events of a kind are written into the trace.
final class NetPlan {
  enum Step {
    case field(Int)
    case number(UInt64)
    case emptyText
    case tier(flags: Int)
    case nanoseconds(Int)
    case heldLock
  }

  /// What else the import does with events of a kind.
  enum Use: Equatable {
    case event, sample, processStatement, contentionStart
    case universal(NetUniversal.Kind)
  }

  /// The fields of the payload, objects dissolved.
  let layout: [NetField]
  let shapes: FixedList<NetShape>
  let steps: FixedList<Step>
  let schema: EventSchema
  let use: Use
  let flags: EventFlags
  private(set) var dropsStack: Bool
  /// Whether the output keeps such events.
  private(set) var isWanted = true
  /// The trace's numbers of the schema with labels, by the labels' bits; 0 if there is none.
  private var refs = [UInt16?](repeating: nil, count: NetLabels.combinations)

  init(_ metadata: NetMetadata, layout: [NetField], schema: EventSchema, use: Use) {
    self.layout = layout
    shapes = FixedList(layout.map(NetShape.init))
    self.schema = schema
    self.use = use
    steps = FixedList(layout.indices.map { .field($0) })
    flags = metadata.provider == NetLayouts.rundownProvider ? .rundown : []
    dropsStack = metadata.provider == NetLayouts.rundownProvider
  }

  init(_ meaning: NetMeaning, layout: [NetField], use: Use) {
    self.layout = layout
    shapes = FixedList(layout.map(NetShape.init))
    self.use = use
    schema = meaning.schema
    flags = meaning.isRundown ? .rundown : []
    dropsStack = meaning.dropsStack
    let steps = zip(meaning.values, meaning.schema.fields).map { value, field -> Step in
      func index(_ names: [String]) -> Int? {
        names.lazy.compactMap { name in layout.firstIndex { $0.name == name } }.first
      }
      let none: Step = field.type == .string ? .emptyText : .number(0)
      switch value {
      case .field(let names):
        guard let found = index(names), Self.fits(layout[found].type, field.type) else {
          return none
        }
        return .field(found)
      case .tier: return index(["MethodFlags"]).map { .tier(flags: $0) } ?? none
      case .nanoseconds(let name): return index([name]).map { .nanoseconds($0) } ?? none
      case .heldLock: return .heldLock
      }
    }
    self.steps = FixedList(steps)
  }

  deinit {
    shapes.deallocate()
    steps.deallocate()
  }

  /// Whether a field of the recording can be one of the trace's: both are texts or both are
  /// numbers, and none of its values is too large.
  private static func fits(_ type: NetType, _ target: FieldType) -> Bool {
    guard let scalar = target.fixedScalar else { return type.fieldType == target }
    guard let own = type.fieldType.fixedScalar else { return false }
    let isFloat = own == .float || own == .double
    return own == scalar || (own.bitWidth <= scalar.bitWidth && !own.isSigned && !isFloat)
  }

  /// Leaves out what the output does not keep.
  func restrict(to sink: NetSink) {
    let kept = sink.admits(schema)
    isWanted = kept.event
    if !kept.stack { dropsStack = true }
  }

  /// The trace's number of the schema with these labels; nil if the trace cannot have it.
  func ref(_ labels: Int, _ sink: NetSink) -> UInt16? {
    if let known = refs[labels] { return known == 0 ? nil : known }
    var extended = schema
    if labels != 0 {
      extended.version &+= 1
      let names = Set(schema.fields.map(\.name))
      extended.fields += NetLabels.fields(labels).map { field in
        var field = field
        while names.contains(field.name) { field.name += "_" }
        return field
      }
    }
    // Without an activity's number, its beginning and its end cannot be paired.
    if !NetLabels.nameActivity(labels) { extended.opcode = .info }
    let ref = sink.number(of: extended) ?? 0
    refs[labels] = ref
    return ref == 0 ? nil : ref
  }

  /// Writes the fields of an event.
  func encode(
    _ slots: NetSlots, _ payload: UnsafeRawBufferPointer, _ pointerBytes: Int, lock: UInt64,
    _ encoder: inout EventEncoder
  ) {
    let encoding = NetEncoding(payload, pointerBytes)
    for position in 0..<steps.count {
      switch steps[position] {
      case .field(let index):
        if shapes[index].code == .other {
          encoding.encode(layout[index].type, index, slots, &encoder)
        } else {
          encoding.encode(shapes[index], index, slots, &encoder)
        }
      case .number(let value): encoder.encode(value)
      case .emptyText: encoder.encode("" as StaticString)
      case .tier(let index):
        let flags = UInt64(ForeignBytes(slots.bytes(index, payload)).word32(0))
        encoder.encode(NetMeaning.tier(flags: flags))
      case .nanoseconds(let index):
        let bits = ForeignBytes(slots.bytes(index, payload)).word64(0)
        let value = Double(bitPattern: bits)
        encoder.encode(value > 0 && value < 1e18 ? UInt64(value) : 0)
      case .heldLock: encoder.encode(lock)
      }
    }
  }

  /// The value of a number's field by name; nil if there is none.
  func number(_ name: String, _ slots: NetSlots, _ payload: UnsafeRawBufferPointer) -> UInt64? {
    guard let index = layout.firstIndex(where: { $0.name == name }) else { return nil }
    let bytes = slots.bytes(index, payload)
    return bytes.count >= 8 ? ForeignBytes(bytes).word64(0) : UInt64(ForeignBytes(bytes).word32(0))
  }
}
