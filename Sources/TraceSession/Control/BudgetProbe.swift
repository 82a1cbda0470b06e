import CTraceShims
import Glibc
import TraceControl
import TraceEvents
import TraceFormat
import TraceRing

/// Runs a session's control plane with several processes at once, for the fuzzer, and checks the
/// resources that they use together.
@_spi(Fuzzing) public enum BudgetProbe {
  private static let connectionsMax = 16
  private static let users: UInt32 = 4
  private static let newcomer: UInt32 = 77

  /// Runs operations of two bytes. The first byte selects the connection (low four bits) and the
  /// operation: 0, a packet whose length is the second byte (high) and the byte after it (low); 1,
  /// the end of the connection; 2 and more, a new connection in place of it, of the process
  /// numbered by the second byte.
  ///
  /// - Returns: the number of valid packets.
  public static func hear(_ bytes: UnsafeRawBufferPointer) -> Int {
    var state = Self.state()
    var input = ByteReader(bytes)
    var links: [Int: ProcessLink] = [:]
    var understood = 0
    while let first = try? input.readUInt8(), let second = try? input.readUInt8() {
      let place = Int(first & 15)
      switch first >> 4 {
      case 0:
        guard let low = try? input.readUInt8(),
          let packet = try? input.readBytes(
            Int(second) << 8 | Int(low))
        else { break }
        if let link = links[place], hear(packet, link, &state) { understood += 1 }
      case 1: links[place].map { state.close($0) }; links[place] = nil
      default:
        links[place].map { state.close($0) }
        links[place] = connect(place, user: UInt32(second) % users, UInt64(second), &state)
      }
      if let link = links[place], link.phase != .talking {
        state.close(link)
        links[place] = nil
      }
      check(state)
    }
    welcomeNewcomer(&state)
    for link in links.values { state.close(link) }
    precondition(state.budgets.memory.taken == 0 && state.catalogue.count == 0, "memory is kept")
    precondition(state.budgets.connections.taken == 0, "connections are kept")
    return understood
  }

  private static func state() -> RendezvousState {
    var configuration = SessionConfiguration(providers: [
      ProviderSpec(name: ProviderSpec.everyProvider)
    ])
    configuration.bufferBytesPerCPU = 1
    configuration.capturesStateAtStart = false
    // Small limits, so that short inputs reach them.
    let totals = SessionBudgets.Totals(
      connections: 64, memoryBytes: 1 << 20, definitionBytes: 1 << 20, eventTypes: 2048)
    return RendezvousState(
      configuration, sink: SilentSink(), wakeDescriptor: STDERR_FILENO,
      budgets: SessionBudgets(isShared: true, totals))
  }

  /// The other end is closed.
  private static func connect(
    _ place: Int, user: UInt32, _ process: UInt64, _ state: inout RendezvousState
  ) -> ProcessLink? {
    var ends = [Int32](repeating: -1, count: 2)
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | O_NONBLOCK, 0, &ends) == 0 else {
      return nil
    }
    close(ends[1])
    let link = ProcessLink(
      socket: ends[0], peer: PeerCredentials(pid: 0, uid: user),
      holder: BudgetHolder(user: user, process: process), atNanoseconds: 0)
    return state.admit(link) ? link : nil
  }

  private static func hear(
    _ packet: UnsafeRawBufferPointer, _ link: ProcessLink, _ state: inout RendezvousState
  ) -> Bool {
    do {
      let event = try link.conversation.receive(packet, descriptorCount: 0, atNanoseconds: 0)
      do throws(BudgetExceeded) { try state.charge(link) } catch { state.refuse(link, error) }
      if let event, link.phase == .talking { state.handle(event, from: link) }
      return true
    } catch {
      link.end(problem: "\(error)")
      return false
    }
  }

  private static func check(_ state: RendezvousState) {
    let budgets = state.budgets
    for budget in [budgets.connections, budgets.memory, budgets.definitions, budgets.eventTypes] {
      precondition((0...budget.total).contains(budget.taken), "a budget is exceeded")
    }
    let used = state.links.values.reduce(state.catalogue.byteCount) { $0 + $1.memoryBytes }
    precondition(budgets.memory.taken == used, "memory is not counted")
    precondition(state.recordBytes <= SessionBudgets.recordBytes + (1 << 20), "records grow")
  }

  /// Checks that another user's process is still traced.
  private static func welcomeNewcomer(_ state: inout RendezvousState) {
    guard let link = connect(0, user: newcomer, 1, &state) else {
      preconditionFailure("no connection is left")
    }
    let event = EventSchema(provider: "Late", id: 1, name: "E", fields: [FieldSchema("f", .bool)])
    let hello = Hello(
      pid: 1, uid: newcomer, startTime: 1, wantsLockSet: false, executable: "/late", arguments: [])
    let words: [AppMessage] = [
      .hello(hello),
      .registerProvider(provider: 0, heading: ProviderSchema(name: "Late", events: [])),
      .registerEvent(provider: 0, schema: event), .registerDone(provider: 0),
    ]
    for word in words { _ = word.encoded().withUnsafeBytes { hear($0, link, &state) } }
    precondition(link.phase == .talking, "a newcomer is cut off")
    precondition(state.refs.knows(event), "no event type is left")
    state.close(link)
  }
}

/// Ignores everything.
private final class SilentSink: EventSink {
  func define(ref: UInt16, schema: EventSchema) {}
  func define(provider: ProviderSchema) {}
  func define(process: ProcessRecord) {}
  func lost(_ count: UInt64, _ cause: LossCause, process: UInt32?) {}
  func processEnded(index: UInt32, atTicks ticks: UInt64) {}
  func add(_ set: BufferSet, id: UInt32, firstStream: UInt32) {}
  func remove(setID: UInt32) {}
  func admit(process: UInt32, toSet setID: UInt32) {}
}
