// What the programs share that make traces for measurements.

public import TraceEvents
public import TraceFormat

/// An event of a program that has nothing to do with a runtime.
public struct Order: ListedEvent {
  public var id: UInt64 = 0
  public var customer: UInt64 = 0

  public init() {}

  public init(id: UInt64, customer: UInt64) {
    self.id = id
    self.customer = customer
  }

  public static var eventID: UInt16 { 1 }
  public static let schema = EventSchema(of: Self.self, provider: "Shop", name: "OrderPlaced")
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("id", \.id)
    list.field("customer", \.customer)
  }
}

/// The trace's beginning, in ticks of a nanosecond.
public let traceStart: UInt64 = 5_000_000_000

extension Recorder {
  /// Begins a trace whose session has this name.
  public static func begin(path: String, name: String) throws -> Recorder {
    try Recorder(
      path: path,
      session: SessionDescription(
        name: name, clock: .monotonic, ticksPerSecond: 1_000_000_000,
        start: ClockSync(
          ticks: traceStart, monotonicNanoseconds: traceStart,
          realtimeNanoseconds: 1_700_000_000_000_000_000)))
  }
}
