import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceEvents

@testable import TraceProvider
@testable import TraceRing

/// An event of the provider under test; ids differ by 64, so that they share a hint.
private protocol HintedEvent: TraceEvent {
  init()
}

extension HintedEvent {
  static func hintedSchema(_ name: String) -> EventSchema {
    EventSchema(provider: "Hinted", id: eventID, name: name)
  }
  func encode(into encoder: inout EventEncoder) {}
  init(from decoder: inout EventDecoder) { self.init() }
}

private struct Near: HintedEvent {
  static var eventID: UInt16 { 3 }
  static let schema = hintedSchema("Near")
}

private struct Far: HintedEvent {
  static var eventID: UInt16 { 67 }
  static let schema = hintedSchema("Far")
}

private struct Other: HintedEvent {
  static var eventID: UInt16 { 200 }
  static let schema = hintedSchema("Other")
}

private enum Hinted {
  static let provider = Provider("Hinted") { description }
  static let unregistered = Provider("Hinted") { description }
  static var description: ProviderDescription {
    ProviderDescription(events: [Near.self, Far.self, Other.self])
  }
}

@Suite(.serialized, .usesEmitterSlots)
struct WantedHintsTests {
  @Test func aHintIsClearWhenNoSessionWantsTheEvent() {
    Hinted.provider.register()
    #expect(!isHinted(Near.self))
    #expect(!isHinted(Other.self))
  }

  /// `#expect` cannot contain noncopyable values.
  private func isHinted<E: TraceEvent>(_: E.Type) -> Bool {
    Hinted.provider.hints.mayBeWanted(E.self)
  }

  @Test func anEventThatSharesAHintWithAWantedOneIsNotWritten() throws {
    Hinted.provider.register()
    let session = try AttachedSession()
    let registered = try #require(Registry.all().first { $0.schema.name == "Hinted" })
    func grant(_ isOn: Bool) {
      SessionSlots.apply(
        slot: session.slot, provider: registered, filter: isOn ? EnableFilter() : nil,
        grants: [EventGrant(eventID: Far.eventID, ref: 77, isOn: isOn, captureStack: false)])
    }
    grant(true)
    #expect(isHinted(Near.self))
    let (near, far) = (
      Hinted.provider.isEnabled(Near.self), Hinted.provider.isEnabled(Far.self)
    )
    #expect(!near && far)
    Hinted.provider.emit(Near())
    Hinted.provider.emit(Far())
    #expect(session.read().map(\.ref) == [77])
    grant(false)
    #expect(!isHinted(Far.self))
  }

  @Test func detachingClearsTheHints() throws {
    Hinted.provider.register()
    let registered = try #require(Registry.all().first { $0.schema.name == "Hinted" })
    do {
      let session = try AttachedSession()
      SessionSlots.apply(
        slot: session.slot, provider: registered, filter: EnableFilter(),
        grants: [EventGrant(eventID: Other.eventID, ref: 5, isOn: true, captureStack: false)])
      #expect(isHinted(Other.self))
    }
    #expect(!isHinted(Other.self))
  }

  @Test func askingWhetherAnEventIsWantedRegistersItsProvider() {
    let before = Registry.all().count
    let isWanted = Hinted.unregistered.isEnabled(Near.self)
    #expect(!isWanted)
    #expect(Registry.all().count == before + 1)
  }

  /// The storage may move or be released, so it must not be written to, and the rows are used
  /// instead.
  @Test func aProviderOnTheStackWorksWithoutHints() throws {
    let session = try AttachedSession()
    let provider = Provider("Hinted") { Hinted.description }
    provider.register()
    let registered = try #require(Registry.all().last { $0.schema.name == "Hinted" })
    SessionSlots.apply(
      slot: session.slot, provider: registered, filter: EnableFilter(),
      grants: [EventGrant(eventID: Near.eventID, ref: 9, isOn: true, captureStack: false)])
    provider.emit(Near())
    provider.emit(Other())
    #expect(session.read().map(\.ref) == [9])
    let isHinted = provider.hints.mayBeWanted(Other.self)
    let isWanted = provider.isEnabled(Other.self)
    #expect(isHinted && !isWanted)
  }

  /// A session's selection is in the rows a moment before events are written: until then, they are
  /// counted as missed, so the answer must still be no.
  @Test func isEnabledSaysYesOnlyOnceEventsAreWritten() throws {
    let provider = Provider("Hinted") { Hinted.description }
    provider.register()
    let registered = try #require(Registry.all().last { $0.schema.name == "Hinted" })
    registered.suspendAfterFork()
    registered.waitEnds(at_ns: 0)
    defer { registered.clear(slot: 0) }
    registered.rows[Int(Near.eventID)].refs.0 = 9
    let isEarly = provider.isEnabled(Near.self)
    #expect(!isEarly && registered.ledger.wasAsked(Int(Near.eventID)))
    registered.settle()
    let isWanted = provider.isEnabled(Near.self)
    #expect(isWanted)
  }

  @Test func onlyWritableStaticDataIsPinned() {
    var local = 0
    #expect(!withUnsafePointer(to: &local) { trace_pin_image($0) })
    let heap = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)
    defer { heap.deallocate() }
    #expect(!trace_pin_image(heap))
    // A variable of the C library, and its code.
    #expect(trace_pin_image(dlsym(nil, "environ")))
    #expect(!trace_pin_image(dlsym(nil, "puts")))
  }
}
