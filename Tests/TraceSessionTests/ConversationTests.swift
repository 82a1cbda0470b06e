import Testing
import TraceControl
import TraceEvents

@testable import TraceSession

@Suite struct ConversationTests {
  static let hello = AppMessage.hello(
    Hello(
      pid: 1, uid: 2, startTime: 3, wantsLockSet: false, executable: "/bin/x", arguments: []))

  static func heading(_ name: String = "Shop") -> ProviderSchema {
    ProviderSchema(name: name, events: [])
  }

  static func event(_ id: UInt16, provider: String = "Shop") -> AppMessage {
    .registerEvent(
      provider: 0, schema: EventSchema(provider: provider, id: id, name: "E\(id)"))
  }

  var conversation = Conversation(atNanoseconds: 0)

  @discardableResult
  mutating func say(
    _ messages: AppMessage..., at now: UInt64 = 0
  ) throws(ProtocolViolation) -> Conversation.Event? {
    var last: Conversation.Event?
    for message in messages { last = try hear(message.encoded(), at: now) }
    return last
  }

  mutating func hear(
    _ packet: [UInt8], descriptors: Int = 0, at now: UInt64 = 0
  ) throws(ProtocolViolation) -> Conversation.Event? {
    do {
      return try packet.withUnsafeBytes {
        try conversation.receive($0, descriptorCount: descriptors, atNanoseconds: now)
      }
    } catch {
      throw error as! ProtocolViolation
    }
  }

  @Test mutating func providersAreKnownOnceWhole() throws {
    try say(Self.hello, .registerProvider(provider: 0, heading: Self.heading()))
    #expect(try say(Self.event(1)) == nil)
    #expect(conversation.providers.isEmpty)
    #expect(try say(Self.event(2), .registerDone(provider: 0)) == .registered(0))
    #expect(conversation.providers.map { $0.events.map(\.id) } == [[1, 2]])
    #expect(
      try say(.enabled(provider: 0, generation: 7)) == .enabled(provider: 0, generation: 7))
    #expect(throws: ProtocolViolation.outOfTurn("an answer for provider 1")) {
      try say(.enabled(provider: 1, generation: 7))
    }
  }

  @Test mutating func orderIsKept() throws {
    #expect(throws: ProtocolViolation.self) { try say(.registerDone(provider: 0)) }
    try say(Self.hello)
    #expect(throws: ProtocolViolation.self) { try say(Self.hello) }
    #expect(throws: ProtocolViolation.self) { try say(Self.event(1)) }
    #expect(throws: ProtocolViolation.self) { try say(.registerDone(provider: 0)) }
    #expect(throws: ProtocolViolation.self) {
      try say(.registerProvider(provider: 1, heading: Self.heading()))
    }
    try say(.registerProvider(provider: 0, heading: Self.heading()))
    #expect(throws: ProtocolViolation.self) {
      try say(.registerProvider(provider: 0, heading: Self.heading()))
    }
    try say(Self.event(1))
    #expect(throws: ProtocolViolation.duplicateEvent(provider: "Shop", id: 1)) {
      try say(Self.event(1))
    }
    #expect(throws: ProtocolViolation.foreignEvent(provider: "Shop", claimed: "Bank")) {
      try say(Self.event(2, provider: "Bank"))
    }
  }

  @Test mutating func descriptorsAndGarbageAreRefused() throws {
    #expect(throws: ProtocolViolation.message(.descriptors(1))) {
      try hear(Self.hello.encoded(), descriptors: 1)
    }
    #expect(throws: ProtocolViolation.message(.otherVersion(0xff))) {
      try hear(Array(repeating: 0xff, count: 64))
    }
  }

  @Test mutating func floodIsNoticed() throws {
    try say(Self.hello)
    for _ in 0..<ControlLimits.packetsPerSecond { try say(.notice(text: "")) }
    #expect(throws: ProtocolViolation.flood) { try say(.notice(text: "")) }
    // Half a second later, half as many are allowed.
    let later: UInt64 = 500_000_000
    for _ in 0..<ControlLimits.packetsPerSecond / 2 { try say(.notice(text: ""), at: later) }
    #expect(throws: ProtocolViolation.flood) { try say(.notice(text: ""), at: later) }
  }

  @Test mutating func answersAreNoFlood() throws {
    try say(
      Self.hello, .registerProvider(provider: 0, heading: Self.heading()),
      .registerDone(provider: 0))
    let answer = AppMessage.enabled(provider: 0, generation: 1)
    for _ in 0..<3 * ControlLimits.packetsPerSecond {
      conversation.expectReply()
      try say(answer)
    }
    for _ in 0..<ControlLimits.packetsPerSecond { try say(answer) }
    #expect(throws: ProtocolViolation.flood) { try say(answer) }
  }

  @Test mutating func providersAreBounded() throws {
    try say(Self.hello)
    for index in 0..<UInt16(ControlLimits.providers) {
      try say(
        .registerProvider(provider: index, heading: Self.heading("P\(index)")),
        .registerDone(provider: index))
    }
    #expect(throws: ProtocolViolation.tooMany("providers", limit: ControlLimits.providers)) {
      try say(
        .registerProvider(
          provider: UInt16(ControlLimits.providers), heading: Self.heading("more")))
    }
  }

  @Test mutating func schemasAreBounded() throws {
    try say(Self.hello)
    let fields = (0..<50).map { FieldSchema("\($0)" + String(repeating: "x", count: 1000), .bool) }
    let limit = ControlLimits.schemaBytes
    #expect(throws: ProtocolViolation.tooMany("bytes of schemas", limit: limit)) {
      try say(.registerProvider(provider: 0, heading: Self.heading()))
      for id in 0..<4096 {
        let schema = EventSchema(provider: "Shop", id: UInt16(id), name: "E", fields: fields)
        try say(.registerEvent(provider: 0, schema: schema))
      }
    }
  }
}
