import Glibc
import Locks
import TestSupport
import Testing
import TraceControl
import TraceEvents
import TraceFormat
import TraceRing

@testable import TraceSession

@Suite struct RendezvousTests {
  static let keyword = Keywords(rawValue: 1)
  static func provider(_ name: String, events: Range<UInt16> = 1..<3) -> ProviderSchema {
    ProviderSchema(
      name: name, keywords: [KeywordSchema("K", keyword)],
      events: events.map {
        EventSchema(
          provider: name, id: $0, name: "E\($0)", keywords: $0 == 1 ? keyword : [])
      })
  }

  final class Fixture {
    let place = TemporaryDirectory()
    let sink = RecordingSink()
    let rendezvous: Rendezvous
    var path: String { rendezvous.listener.directory.pathInside(rendezvous.listener.name) }

    init(_ specs: String, _ change: (inout SessionConfiguration) -> Void = { _ in }) throws {
      var configuration = SessionConfiguration(providers: try ProviderSpec.parse(specs))
      configuration.bufferBytesPerCPU = 1
      change(&configuration)
      let listener = try SessionListener(
        places: [.init(path: "\(place.path)/meet", kind: .user)])
      rendezvous = try Rendezvous(
        configuration, listener: listener, sink: sink, wakeDescriptor: STDERR_FILENO)
      try rendezvous.start()
    }

    deinit { rendezvous.stop(captureStateNanoseconds: 0, detachNanoseconds: 0) }

    func connect(wantsLockSet: Bool = false) throws -> FakeProcess {
      let process = try FakeProcess(path: path)
      process.sayHello(wantsLockSet: wantsLockSet)
      return process
    }

    func problems() -> [String] {
      rendezvous.state.withLock { $0.processes.flatMap(\.problems) + $0.ownProblems }
    }

    func waitForEnd(of count: Int) -> Bool {
      rendezvous.state.wait(nanoseconds: 10_000_000_000) { state in
        state.processes.count == count && state.processes.allSatisfy { !$0.isRunning }
      }
    }
  }

  @Test func memoryComesWithTheFirstEventThatIsWanted() throws {
    let fixture = try Fixture("Shop:K")
    let process = try fixture.connect()
    process.register(Self.provider("Bank"))
    // The bank's events are not enabled, but an answer is sent.
    guard case .grants(let none) = try process.next() else {
      Issue.record("no grants")
      return
    }
    #expect(none.provider == 0 && none.filter == nil && none.grants.isEmpty)
    #expect(process.descriptors.isEmpty)
    process.register(Self.provider("Shop"), as: 1)
    guard case .welcome(let welcome) = try process.next() else {
      Issue.record("no welcome")
      return
    }
    #expect(welcome.processSlot == 1)
    #expect(process.descriptors.count == 2)
    let grants = try process.nextGrants()
    #expect(grants.provider == 1)
    #expect(grants.filter == EnableFilter(level: .verbose, any: Self.keyword))
    #expect(grants.grants.map(\.eventID) == [1, 2])
    #expect(try process.next() == .captureState(provider: 1, generation: grants.generation))
    let notes = fixture.sink.notes
    #expect(notes.refs.values.map(\.name).sorted() == ["E1", "E2"])
    #expect(notes.processes.map(\.pid) == [UInt32(getpid())], "the kernel's pid, not Hello's")
    #expect(notes.admitted == [1: 1])
  }

  @Test func equalSchemasShareRefsAndUsersShareMemory() throws {
    let fixture = try Fixture("Shop") { $0.isolatesProcesses = false }
    let processes = try (0..<3).map { _ in try fixture.connect() }
    let grants = try processes.map {
      $0.register(Self.provider("Shop"))
      return try $0.nextGrants().grants
    }
    #expect(grants[0] == grants[1] && grants[1] == grants[2])
    #expect(Set(grants[0].map(\.ref)) == [1, 2])
    #expect(fixture.sink.notes.sets == [1: .rseq])
    #expect(Set(fixture.sink.notes.admitted.keys) == [1, 2, 3])
    #expect(fixture.sink.notes.providers.count == 1)
  }

  @Test func isolatedProcessesHaveMemoryOfTheirOwn() throws {
    let fixture = try Fixture("Shop") { $0.isolatesProcesses = true }
    var processes = try (0..<3).map { _ in try fixture.connect() }
    for process in processes {
      process.register(Self.provider("Shop"))
      _ = try process.nextGrants()
    }
    #expect(fixture.sink.notes.sets == [1: .rseq, 2: .rseq, 3: .rseq])
    #expect(Set(fixture.sink.notes.admitted.values) == [1, 2, 3])
    processes = []
    #expect(fixture.waitForEnd(of: 3))
    #expect(fixture.sink.notes.removed.sorted() == [1, 2, 3])
  }

  @Test func aProcessWithoutRseqHasMemoryOfItsOwn() throws {
    let fixture = try Fixture("Shop")
    var process: FakeProcess? = try fixture.connect(wantsLockSet: true)
    process?.register(Self.provider("Shop"))
    _ = try process?.nextGrants()
    #expect(fixture.sink.notes.sets == [1: .lock])
    process = nil
    #expect(fixture.waitForEnd(of: 1))
    #expect(fixture.sink.notes.ended == [1])
    #expect(fixture.sink.notes.removed == [1])
  }

  @Test func enablingWhileItRuns() throws {
    let fixture = try Fixture("Other")
    let process = try fixture.connect()
    process.register(Self.provider("Shop"))
    let none = try process.nextGrants()
    #expect(none.filter == nil)
    process.send(.enabled(provider: 0, generation: none.generation))
    let rendezvous = fixture.rendezvous
    rendezvous.change { state in
      state.table.enable([ProviderSpec(name: "Shop", events: .only([.id(2)]))])
      state.grantAll(["Shop"])
    }
    let first = try process.nextGrants()
    #expect(first.grants.map(\.eventID) == [2])
    // Changes while an answer is pending are sent once, in their last form.
    for _ in 0..<10 {
      rendezvous.change { state in
        state.table.enable([ProviderSpec(name: "Shop")])
        state.grantAll(["Shop"])
        state.table.disable("Shop")
        state.grantAll(["Shop"])
      }
    }
    process.send(.enabled(provider: 0, generation: first.generation))
    let second = try process.nextGrants()
    #expect(second.filter == nil && second.grants.isEmpty)
    #expect(second.generation == first.generation + 1)
    process.send(.enabled(provider: 0, generation: second.generation))
    process.send(.captureStateDone(provider: 0, generation: second.generation))
    rendezvous.change { $0.captureState(provider: nil) }
    let isQuiet = rendezvous.state.wait(nanoseconds: 10_000_000_000) {
      $0.links.values.allSatisfy { $0.unconfirmed.isEmpty }
    }
    #expect(isQuiet)
  }

  /// Violations of the protocol, with the session's message about each.
  static let crimes: [(name: String, packets: [[UInt8]], says: String)] = [
    ("garbage", [Array(repeating: 0xa5, count: 100)], "version 165"),
    ("kind", [[1, 99]], "unknown kind 99"),
    ("cut", [[1, 2, 0]], "malformed"),
    ("order", [AppMessage.registerDone(provider: 7).encoded()], "out of turn"),
    (
      "flood",
      Array(
        repeating: AppMessage.notice(text: "x").encoded(),
        count: 2 * ControlLimits.packetsPerSecond), "control messages in a second"
    ),
    ("large", [Array(repeating: 1, count: ControlLimits.packetBytes + 1)], "more than 65536 bytes"),
  ]

  @Test(arguments: crimes.indices) func misbehaviourIsNamedAndOthersGoOn(_ index: Int) throws {
    let crime = Self.crimes[index]
    let fixture = try Fixture("Shop")
    let culprit = try fixture.connect()
    for packet in crime.packets { culprit.send(blocking: packet) }
    #expect(try culprit.isClosed())
    #expect(fixture.waitForEnd(of: 1))
    #expect(fixture.problems().count { $0.contains(crime.says) } == 1, "\(fixture.problems())")
    let other = try fixture.connect()
    other.register(Self.provider("Shop"))
    #expect(try other.nextGrants().grants.count == 2)
  }

  @Test func aConnectionWithoutHelloIsHarmless() throws {
    let fixture = try Fixture("Shop")
    for _ in 0..<50 { _ = try FakeProcess(path: fixture.path) }
    let stranger = try FakeProcess(path: fixture.path)
    stranger.send([0])
    #expect(try stranger.isClosed())
    let process = try fixture.connect()
    process.register(Self.provider("Shop"))
    #expect(try process.nextGrants().grants.count == 2)
    #expect(fixture.problems().count == 1)
  }

  @Test func refusalIsNoted() throws {
    let fixture = try Fixture("Shop")
    let process = try fixture.connect()
    process.send(.refused(reason: "no room"))
    #expect(try process.isClosed())
    #expect(fixture.waitForEnd(of: 1))
    #expect(fixture.problems() == ["it refuses to be traced: no room"])
  }

  @Test func filtersTurnProcessesAway() throws {
    let name = ProcessIdentity(procName: "self").executable.split(separator: "/").last!
    for (filter, isTaken) in [
      (ProcessFilter(pids: [1]), false), (ProcessFilter(pids: [UInt32(getpid())]), true),
      (ProcessFilter(executableNames: ["no-such"]), false),
      (ProcessFilter(ancestor: UInt32(getppid())), true),
      (ProcessFilter(ancestor: UInt32(getpid())), false),
      (ProcessFilter(pids: [UInt32(getpid())], ancestor: UInt32(getpid())), true),
      (ProcessFilter(executableNames: ["no-such", String(name)]), true),
    ] {
      let fixture = try Fixture("Shop") { $0.processes = filter }
      let process = try fixture.connect()
      process.register(Self.provider("Shop"))
      if isTaken {
        #expect(try process.nextGrants().grants.count == 2)
      } else {
        #expect(try process.isClosed())
      }
    }
  }

  @Test func misspeltKeywordIsTold() throws {
    let fixture = try Fixture("Shop:Kk")
    let process = try fixture.connect()
    process.register(Self.provider("Shop"))
    #expect(try process.nextGrants().grants.map(\.eventID) == [2])
    #expect(fixture.problems().first?.contains("did you mean K?") == true)
  }
}

extension FakeProcess {
  /// Sends a packet, waiting for space, unless the session has closed the connection.
  func send(blocking packet: [UInt8]) {
    while PacketSocket.send(packet, to: socket) == .wouldBlock {
      var ready = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
      poll(&ready, 1, 1000)
    }
  }
}
