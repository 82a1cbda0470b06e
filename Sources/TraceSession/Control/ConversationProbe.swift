import CTraceShims
import TraceControl
import TraceEvents
import TraceFormat

/// Runs the session's side of the control protocol without sockets, for the fuzzer, which is a
/// separate package.
@_spi(Fuzzing) public enum ConversationProbe {
  /// Parses bytes as packets, each after its length (two bytes, little endian). The low bit of the
  /// first byte selects whether they come from a process or from a session.
  ///
  /// - Returns: the number of valid packets.
  public static func hear(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let first = bytes.first else { return 0 }
    var packets = ByteReader(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
    return first & 1 == 0 ? hearProcess(&packets) : hearSession(&packets)
  }

  private static func nextPacket(_ packets: inout ByteReader) -> UnsafeRawBufferPointer? {
    guard let count: UInt16 = try? packets.readFixed() else { return nil }
    return try? packets.readBytes(Int(count))
  }

  private static func hearSession(_ packets: inout ByteReader) -> Int {
    var understood = 0
    while let packet = nextPacket(&packets) {
      guard let message = try? SessionMessage(packet: packet) else { continue }
      let again = message.encoded().withUnsafeBytes { try? SessionMessage(packet: $0) }
      precondition(again == message, "a message does not return")
      understood += 1
    }
    return understood
  }

  private static func hearProcess(_ packets: inout ByteReader) -> Int {
    var conversation = Conversation(atNanoseconds: 0)
    let table = EnableTable(
      [
        ProviderSpec(
          name: "Shop", keywords: KeywordSelection(names: ["Order"]), level: .informational)
      ], stacks: [StackSpec()])
    var refs = RefTable()
    var understood = 0
    while let packet = nextPacket(&packets) {
      let event: Conversation.Event?
      do {
        event = try conversation.receive(packet, descriptorCount: 0, atNanoseconds: 0)
      } catch { return understood }
      understood += 1
      guard case .registered(let index) = event else { continue }
      let provider = conversation.providers[index]
      precondition(provider.events.count <= ControlLimits.events)
      for event in table.wanted(of: provider)?.events ?? [] { _ = refs.ref(for: event.schema) }
    }
    precondition(conversation.providers.count <= ControlLimits.providers)
    return understood
  }
}
