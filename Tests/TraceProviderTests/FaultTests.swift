import CTraceShims
import TestSupport
import Testing
import TraceEvents

@testable import TraceProvider
@testable import TraceRing

/// Mistakes of a provider's author affect only the faulty event, and are explained; they never
/// cause a crash.
@Suite(.serialized, .usesEmitterSlots)
struct FaultTests {
  // MARK: Descriptions

  private func faults(_ name: String, _ events: (any TraceEvent.Type)...) -> [String] {
    DescriptionCheck(name: name, ProviderDescription(events: events)).faults
  }

  private func expectFault(
    _ faults: [String], _ part: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(faults.count == 1, "\(faults)", sourceLocation: sourceLocation)
    #expect(faults.first?.contains(part) ?? false, "\(faults)", sourceLocation: sourceLocation)
  }

  @Test func whatCannotBeTracedIsSaid() {
    #expect(faults("Fixture", Ping.self, Pong.self, Ping.self).isEmpty)
    expectFault(faults("Fixtrue", Ping.self), "that its provider is 'Fixture'; give both")
    expectFault(faults("fixture", Ping.self), "differs in upper and lower case")
    expectFault(faults("Fixture", Ping.self, SecondPing.self), "has the id 1, which Ping has too")
    expectFault(faults("Fixture", OtherNumber.self), "has the eventID 3, and 4 in its schema")
    expectFault(faults("Fixture", TooHigh.self), "event id 5000 is not below 4096")
    expectFault(faults("Fixture", TooWide.self), "more than 256 fields")
    expectFault(faults(""), "it has no name")
    expectFault(faults(String(repeating: "x", count: 2000)), "was cut")
  }

  @Test func theOtherEventsOfTheProviderStay() {
    let check = DescriptionCheck(
      name: "Fixture", ProviderDescription(events: [TooHigh.self, Ping.self, SecondPing.self]))
    #expect(check.types.map { "\($0)" } == ["Ping"])
    #expect(check.faults.count == 2)
  }

  @Test func emittingWhatWasRefusedDoesNothing() throws {
    let session = try AttachedSession()
    session.enable(.ping())
    Fixture.provider.emit(TooHigh())
    #expect(session.read().isEmpty)
  }

  // MARK: Encodings

  private func mismatch<E: TraceEvent>(_ event: E) -> EncodingMismatch? {
    var shapes = EncodedShapes()
    withUnsafeMutablePointer(to: &shapes) {
      var encoder = EventEncoder(noting: $0)
      event.encode(into: &encoder)
    }
    return shapes.mismatch(with: E.schema)
  }

  @Test func encodingsAreComparedWithSchemas() {
    #expect(mismatch(Ping(sequence: 1)) == nil)
    #expect(mismatch(Swapped()) == .kind(position: 0, written: .init(64)))
    #expect(mismatch(TooFew()) == .count(written: 1))
    #expect(mismatch(Wider()) == .width(position: 0, written: .init(64)))
    #expect(mismatch(Arrays()) == nil)
  }

  /// The three words "3, 3, Ada" can be read as a string and an integer: only the check detects it.
  @Test func unreadableEventsAreRefusedAndExplained() throws {
    let session = try AttachedSession()
    let registered = Faulty.registered
    SessionSlots.apply(
      slot: session.slot, provider: registered, filter: EnableFilter(),
      grants: [
        EventGrant(eventID: 1, ref: 31, isOn: true, captureStack: false),
        EventGrant(eventID: 2, ref: 32, isOn: true, captureStack: false),
      ])
    for _ in 1...3 { Faulty.provider.emit(Swapped()) }
    Faulty.provider.emit(Wider())
    // A record without fields, which the session counts as malformed; then the readable ones.
    #expect(session.read().map(\.words) == [[], [], [], [1 << 40]])
    let texts = EmitFindings.all.filter { $0.provider === registered }.map(\.text)
    #expect(texts.count == 2)
    #expect(texts.contains { $0.contains("writes a 64-bit integer as value 1, where its schema") })
    #expect(texts.contains { $0.contains("larger values are cut") })
  }

  @Test func notesAreForSessionsThatHaveTheEventOn() throws {
    let wanting = try AttachedSession(processSlot: 1)
    wanting.enable(.ping(10))
    let other = try AttachedSession(processSlot: 2)
    other.enable(.pong(11))
    let long = String(repeating: "é", count: ProviderNote.textBytes)
    for text in ["no pings here", "no pings here", "x" + long] {
      Fixture.provider.explain(Ping.self, text)
    }
    let notes = Fixture.registered.notes(slot: wanting.slot)
    #expect(notes == ["no pings here", "x" + long.prefix((ProviderNote.textBytes - 1) / 2)])
    #expect(Fixture.registered.notes(slot: other.slot).isEmpty)
    for number in 1...100 { Fixture.provider.explain(Pong.self, "\(number)") }
    let bound = ProviderNote.notesMax - notes.count
    #expect(Fixture.registered.notes(slot: other.slot).count == bound)
    #expect(Fixture.registered.notes(slot: wanting.slot) == notes)
  }

  @Test func eventsWithoutDescriptionAreCountedAndExplained() throws {
    let session = try AttachedSession()
    let registered = Fixture.registered
    session.enable(.ping())
    for _ in 1...4 { Fixture.provider.emit(Stranger()) }
    Fixture.provider.emit(Foreign())
    #expect(session.read().isEmpty)
    #expect(registered.ledger.count(9) == 4)
    #expect(registered.ledger.count(10) == 1)
    let texts = EmitFindings.all.filter { $0.provider === registered }.map(\.text)
    #expect(texts.contains { $0.contains("Stranger (id 9) is not among the provider's events") })
    #expect(texts.contains { $0.contains("Foreign (id 10) is an event of provider 'Elsewhere'") })
  }
}

enum Faulty {
  static let provider = Provider("Faulty") {
    ProviderDescription(events: [Swapped.self, Wider.self])
  }
  static var registered: RegisteredProvider {
    provider.register()
    return Registry.all().first { $0.schema.name == "Faulty" }!
  }
}

/// An event that differs from others only in its schema and its encoding.
protocol FixedEvent: TraceEvent {
  init()
}

extension FixedEvent {
  init(from decoder: inout EventDecoder) { self.init() }
  func encode(into encoder: inout EventEncoder) {}
}

struct SecondPing: FixedEvent {
  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(provider: "Fixture", id: 1, name: "SecondPing")
}

struct OtherNumber: FixedEvent {
  static var eventID: UInt16 { 3 }
  static let schema = EventSchema(provider: "Fixture", id: 4, name: "OtherNumber")
}

struct TooHigh: FixedEvent {
  static var eventID: UInt16 { 5000 }
  static let schema = EventSchema(provider: "Fixture", id: 5000, name: "TooHigh")
}

struct TooWide: FixedEvent {
  static var eventID: UInt16 { 5 }
  static let schema = EventSchema(
    provider: "Fixture", id: 5, name: "TooWide",
    fields: (0..<257).map { FieldSchema("f\($0)", .uint8) })
}

struct Stranger: FixedEvent {
  static var eventID: UInt16 { 9 }
  static let schema = EventSchema(provider: "Fixture", id: 9, name: "Stranger")
}

struct Foreign: FixedEvent {
  static var eventID: UInt16 { 10 }
  static let schema = EventSchema(provider: "Elsewhere", id: 10, name: "Foreign")
}

struct Swapped: FixedEvent {
  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "Faulty", id: 1, name: "Swapped",
    fields: [FieldSchema("customer", .string), FieldSchema("id", .uint64)])
  func encode(into encoder: inout EventEncoder) {
    encoder.encode(UInt64(3))
    encoder.encode("Ada")
  }
}

struct TooFew: FixedEvent {
  static var eventID: UInt16 { 3 }
  static let schema = EventSchema(
    provider: "Faulty", id: 3, name: "TooFew",
    fields: [FieldSchema("a", .uint64), FieldSchema("b", .uint64)])
  func encode(into encoder: inout EventEncoder) { encoder.encode(UInt64(1)) }
}

struct Wider: FixedEvent {
  static var eventID: UInt16 { 2 }
  static let schema = EventSchema(
    provider: "Faulty", id: 2, name: "Wider", fields: [FieldSchema("a", .uint32)])
  func encode(into encoder: inout EventEncoder) { encoder.encode(UInt64(1) << 40) }
}

struct Arrays: FixedEvent {
  static var eventID: UInt16 { 4 }
  static let schema = EventSchema(
    provider: "Faulty", id: 4, name: "Arrays",
    fields: [
      FieldSchema("words", .array(.scalar(.uint32))), FieldSchema("names", .array(.string)),
      FieldSchema("flag", .bool), FieldSchema("share", .double), FieldSchema("raw", .bytes),
    ])
  func encode(into encoder: inout EventEncoder) {
    encoder.encode(array: [UInt32](repeating: 7, count: 1000))
    encoder.encode(array: ["a", "b"])
    encoder.encode(true)
    encoder.encode(0.5)
    encoder.encode([UInt8](repeating: 1, count: 9))
  }
}
