/// What a pprof profile says of itself, in place of what follows from its trace.
public struct PprofHeading: Sendable {
  /// A name and a unit, such as `cpu` and `nanoseconds`.
  public struct ValueType: Hashable, Sendable {
    public var name: String
    public var unit: String

    public init(_ name: String, _ unit: String) { (self.name, self.unit) = (name, unit) }
  }

  /// The number of events, and their weight if the profile has one. Tools show the last one first.
  public var types: [ValueType]
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
