/// A typed event. ``ListedEvent`` is the shorter way to declare one; this protocol allows a
/// hand-written encoding:
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
/// - Guarantee: none about the order. `encode` and `init(from:)` must use the schema's order; test
///   each event with a round trip.
/// - Cost: one store for each scalar field. In a library, mark `encode` and `eventID` `@inlinable`.
/// - Trap: `encode` may run twice for one event (if it is larger than the first buffer), and in a
///   signal handler. It must not have side effects.
public protocol TraceEvent: Sendable {
  /// A constant below ``EventSchema/idLimit``, unique within the provider.
  static var eventID: UInt16 { get }
  static var schema: EventSchema { get }

  func encode(into encoder: inout EventEncoder)
  init(from decoder: inout EventDecoder)
}
