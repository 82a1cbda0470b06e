import TraceEvents
import TraceProvider

/// The shop's events.
enum Shop {
  static let provider = Provider("Shop") {
    ProviderDescription(events: [RequestStart.self, RequestStop.self, BankAsked.self])
  }
}

/// A request begins.
struct RequestStart: ListedEvent {
  var id: UInt64 = 0
  var route = ""

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    of: Self.self, provider: "Shop", name: "RequestStart", opcode: .start)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("id", \.id, hint: .activity)
    list.field("route", \.route, hint: .activityName)
  }
}

/// A request has been answered.
struct RequestStop: ListedEvent {
  var id: UInt64 = 0
  var status: UInt16 = 0

  static var eventID: UInt16 { 2 }
  static let schema = EventSchema(
    of: Self.self, provider: "Shop", name: "RequestStop", opcode: .stop)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("id", \.id, hint: .activity)
    list.field("status", \.status)
  }
}

/// The bank was asked for a payment, within a request.
struct BankAsked: ListedEvent {
  var attempt: UInt32 = 0

  static var eventID: UInt16 { 3 }
  static let schema = EventSchema(of: Self.self, provider: "Shop", name: "BankAsked")
  static func fields(_ list: inout some FieldList<Self>) { list.field("attempt", \.attempt) }
}
