import TraceEvents

/// The instructions for writing one field, precomputed from its schema for fast execution.
struct FieldStep: BitwiseCopyable {
  enum Kind: UInt8, BitwiseCopyable {
    case unsigned, signed, bool, float, double, hex, enumeration, flags, string, osString, bytes
  }

  /// Text before the value: ` count=`, `,"count":`, `,,`.
  var prefix: ByteSlice
  /// Position of the field in the schema, and therefore among the columns.
  var field: Int
  var kind: Kind
  var isArray: Bool
  /// Number of bits of a word that the value does not use.
  var unusedBits: UInt64
  var unit: ByteSlice
  var cases: UnsafeBufferPointer<CaseText>
  /// Whether `cases[value]` is the case of every value below `cases.count`. If false, the cases are
  /// searched.
  var hasCaseTable: Bool
  /// Whether unnamed values of an enumeration may be negative.
  var isSigned = false
}

/// The rendered name of an enumeration's value; empty if the value has no name.
struct CaseText: BitwiseCopyable {
  var value: UInt64
  var text: ByteSlice
}

/// The steps of a whole event, with the text before the first and after the last.
struct EventSteps: BitwiseCopyable {
  var heading: ByteSlice
  var steps: UnsafeBufferPointer<FieldStep>
  var ending: ByteSlice

  static var none: EventSteps {
    EventSteps(heading: .empty, steps: UnsafeBufferPointer(start: nil, count: 0), ending: .empty)
  }
}

/// Precomputes the steps of schemas, and owns the bytes to which they point.
struct StepTable<Style: ValueStyle> {
  let arena = ByteArena()
  private var types: [EventSteps] = []

  subscript(type: Int) -> EventSteps {
    @inline(__always) get { type < types.count ? types[type] : .none }
  }

  mutating func set(_ steps: EventSteps, type: Int) {
    while types.count <= type { types.append(.none) }
    types[type] = steps
  }

  func step(_ schema: EventSchema, at index: Int, prefix: String) -> FieldStep {
    let field = schema.fields[index]
    let element = field.type.element
    var step = FieldStep(
      prefix: arena.store(prefix), field: index,
      kind: FieldStep.Kind(element, hint: field.hint), isArray: field.type == .array(element),
      unusedBits: 0, unit: arena.store(Style.showsUnits ? field.hint.unit : ""),
      cases: UnsafeBufferPointer(start: nil, count: 0), hasCaseTable: false)
    switch element {
    case .scalar(let scalar): step.unusedBits = UInt64(64 - scalar.bitWidth)
    case .enumeration(let schema):
      step.unusedBits = UInt64(64 - schema.underlying.bitWidth)
      step.isSigned = schema.underlying.isSigned
      setCases(of: schema, in: &step)
    case .string: if schema.hasSystemStrings(at: index) { step.kind = .osString }
    case .bytes: break
    }
    return step
  }

  private func setCases(of schema: EnumSchema, in step: inout FieldStep) {
    let texts = schema.cases.map { item in
      CaseText(
        value: item.value,
        text: arena.store(Style.caseText(item.name, isFlag: schema.isFlags)))
    }
    let tableLimit: UInt64 = 256
    if !schema.isFlags, !texts.isEmpty, texts.allSatisfy({ $0.value < tableLimit }) {
      let size = Int(texts.map(\.value).max()!) + 1
      var table = (0..<size).map { CaseText(value: UInt64($0), text: .empty) }
      for text in texts.reversed() { table[Int(text.value)] = text }
      step.cases = arena.store(values: table)
      step.hasCaseTable = true
    } else {
      step.cases = arena.store(values: texts)
    }
  }
}

extension FieldStep.Kind {
  init(_ element: ElementType, hint: FieldHint) {
    switch element {
    case .string: self = .string
    case .bytes: self = .bytes
    case .enumeration(let schema): self = schema.isFlags ? .flags : .enumeration
    case .scalar(.bool): self = .bool
    case .scalar(.float): self = .float
    case .scalar(.double): self = .double
    case .scalar(.pointer): self = .hex
    case .scalar(let scalar):
      if hint == .hexadecimal || hint == .codeAddress {
        self = .hex
      } else {
        self = scalar.isSigned ? .signed : .unsigned
      }
    }
  }
}

/// Returns field names that are unique within the event: repeated names get the suffix `#2`, `#3` …
func uniqueNames(of fields: [FieldSchema]) -> [String] {
  var seen: [String: Int] = [:]
  return fields.map { field in
    seen[field.name, default: 0] += 1
    let times = seen[field.name]!
    return times == 1 ? field.name : "\(field.name)#\(times)"
  }
}
