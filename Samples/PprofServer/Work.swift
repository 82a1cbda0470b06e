import TraceEvents
import TraceProvider

/// Events of the sample's work.
enum Work {
  static let provider = Provider("Work") { ProviderDescription(events: [RoundDone.self]) }
}

/// A round of the work is done.
struct RoundDone: ListedEvent {
  var number: UInt64 = 0

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(of: Self.self, provider: "Work", name: "RoundDone")
  static func fields(_ list: inout some FieldList<Self>) { list.field("number", \.number) }
}
