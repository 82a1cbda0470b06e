/// A typed event: conform a struct by hand in a few lines.
///
///     struct OrderPlaced: TraceEvent {
///       var id: UInt64
///       var customer: String
///
///       static var eventID: UInt16 { 1 }
///       static let schema = EventSchema(
///         provider: "Shop", id: eventID, name: "OrderPlaced",
///         fields: [.init("id", .uint64), .init("customer", .string)])
///
///       func encode(into encoder: inout EventEncoder) {
///         encoder.encode(id)
///         encoder.encode(customer)
///       }
///       init(from decoder: inout EventDecoder) {
///         id = decoder.decode()
///         customer = decoder.decode()
///       }
///     }
///
/// - Guarantee: fields are encoded and decoded in the schema's order; a test should round-trip
///   them.
/// - Cost: mark `encode` and `eventID` `@inlinable` in a library, so that an event of scalars costs
///   one store a field.
/// - Trap: `encode` may run twice for one event (when it is larger than the first buffer), and in a
///   signal handler; keep it free of side effects.
public protocol TraceEvent: Sendable {
  /// A constant below ``EventSchema/idLimit``, unique within the provider.
  static var eventID: UInt16 { get }
  static var schema: EventSchema { get }

  func encode(into encoder: inout EventEncoder)
  init(from decoder: inout EventDecoder)
}
