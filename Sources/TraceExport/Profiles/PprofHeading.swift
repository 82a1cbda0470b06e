/// What a pprof profile says of itself, in place of what follows from its trace.
public struct PprofHeading: Sendable {
  /// A name and a unit, such as `cpu` and `nanoseconds`.
  public struct ValueType: Hashable, Sendable {
    public var name: String
    public var unit: String

    public init(_ name: String, _ unit: String) { (self.name, self.unit) = (name, unit) }
  }

  /// The number of events, and their weight if the profile has one; or the values of
  /// ``PprofStacks``.
  public var types: [ValueType]
  /// Name of the type that tools show first; nil for the last one.
  public var shownType: String?
  /// What is between two events, and how much of it.
  public var period: (type: ValueType, amount: UInt64)
  /// Nanoseconds since 1970.
  public var start_ns: Int64
  public var duration_ns: Int64
  /// Sentences after those about the trace.
  public var comments: [String] = []

  public init(
    types: [ValueType], period: (type: ValueType, amount: UInt64), start_ns: Int64,
    duration_ns: Int64
  ) {
    (self.types, self.period) = (types, period)
    (self.start_ns, self.duration_ns) = (start_ns, duration_ns)
  }
}

extension PprofTables {
  mutating func write(_ heading: PprofHeading, _ sentences: [String]) {
    for type in heading.types { pending.field(1, valueType(type.name, type.unit)) }
    pending.field(9, signed: heading.start_ns)
    pending.field(10, signed: heading.duration_ns)
    let period = heading.period
    pending.field(11, valueType(period.type.name, period.type.unit))
    pending.field(12, min(period.amount, UInt64(Int64.max)))
    for comment in sentences + heading.comments {
      let number = string(comment)
      pending.field(13, number)
    }
    if let shown = heading.shownType {
      let number = string(shown)
      pending.field(14, number)
    }
  }

  mutating func valueType(_ name: String, _ unit: String) -> ProtobufMessage {
    var type = ProtobufMessage()
    type.field(1, string(name))
    type.field(2, string(unit))
    return type
  }
}
