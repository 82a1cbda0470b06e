import Testing
import TraceEvents

@testable import TraceControl

@Suite struct ControlMessageTests {
  static func decode<M: ControlMessage>(_: M.Type, _ bytes: [UInt8]) throws(ControlMessageError)
    -> M
  {
    do {
      return try bytes.withUnsafeBytes { try M(packet: $0) }
    } catch {
      throw error as! ControlMessageError
    }
  }

  @Test(arguments: MessageSamples.app) func appMessageReturns(_ message: AppMessage) throws {
    #expect(try Self.decode(AppMessage.self, message.encoded()) == message)
  }

  @Test(arguments: MessageSamples.session) func sessionMessageReturns(
    _ message: SessionMessage
  ) throws {
    #expect(try Self.decode(SessionMessage.self, message.encoded()) == message)
  }

  /// A truncated message is never accepted as a whole one, and no changed byte makes decoding
  /// crash.
  static func damage<M: ControlMessage>(_ message: M) {
    let whole = message.encoded()
    for length in 0..<whole.count {
      #expect(throws: ControlMessageError.self) { try decode(M.self, Array(whole[..<length])) }
    }
    #expect(throws: ControlMessageError.trailingBytes(1)) { try decode(M.self, whole + [0]) }
    for index in whole.indices {
      for bit in 0..<8 {
        var flipped = whole
        flipped[index] ^= 1 << bit
        guard let other = try? decode(M.self, flipped) else { continue }
        // A message that still decodes is a different one, or the same in another encoding.
        _ = other.encoded()
      }
    }
  }

  @Test(arguments: MessageSamples.app) func damagedAppMessage(_ message: AppMessage) {
    Self.damage(message)
  }

  @Test(arguments: MessageSamples.session) func damagedSessionMessage(_ message: SessionMessage) {
    Self.damage(message)
  }

  @Test func otherVersionIsNamed() {
    var bytes = SessionMessage.detach.encoded()
    bytes[0] = 9
    #expect(throws: ControlMessageError.otherVersion(9)) {
      try Self.decode(SessionMessage.self, bytes)
    }
    bytes = SessionMessage.detach.encoded()
    bytes[1] = 200
    #expect(throws: ControlMessageError.unknownKind(200)) {
      try Self.decode(SessionMessage.self, bytes)
    }
  }

  @Test func longArgumentsAreCut() throws {
    var hello = MessageSamples.hello
    hello.executable = String(repeating: "é", count: 4000)
    hello.arguments = Array(repeating: String(repeating: "ü", count: 999), count: 200)
    let packet = AppMessage.hello(hello).encoded()
    #expect(packet.count <= ControlLimits.packetBytes)
    guard case .hello(let read) = try Self.decode(AppMessage.self, packet) else {
      Issue.record("not a hello")
      return
    }
    #expect(read.executable == String(repeating: "é", count: ControlLimits.executableBytes / 2))
    #expect(read.arguments.map(\.utf8.count).reduce(0, +) <= ControlLimits.argumentBytes)
    #expect(read.arguments.first == hello.arguments.first)
  }

  @Test func mostGrantsFitAPacket() throws {
    let grants = (0..<UInt16(ControlLimits.events)).map {
      Grant(eventID: $0, ref: 1, isOn: true, captureStack: false)
    }
    let message = SessionMessage.grants(
      ProviderGrants(provider: 0, generation: 1, filter: EnableFilter(), grants: grants))
    #expect(message.encoded().count <= ControlLimits.packetBytes)
    #expect(try Self.decode(SessionMessage.self, message.encoded()) == message)
  }

  @Test func eventLimitIsTheSchemas() {
    #expect(ControlLimits.events == EventSchema.idLimit)
  }
}
