import CTraceShims
import Glibc
import Locks
import Synchronization
import TestSupport
import Testing
import TraceEvents

@testable import TraceProvider
@testable import TraceRing

@Suite(.serialized, .usesEmitterSlots)
struct ProviderTests {
  @Test func argumentsAreNotEvaluatedWhenNobodyWantsTheEvent() {
    Fixture.provider.register()
    var evaluated = 0
    func make() -> Ping {
      evaluated += 1
      return Ping(sequence: 1)
    }
    Fixture.provider.emit(make())
    #expect(evaluated == 0)
    #expect(!isEnabled(Ping.self))
  }

  @Test func onlyGrantedEventsAreWrittenUnderTheSessionsNumber() throws {
    let session = try AttachedSession()
    session.enable(.ping(42))
    #expect(isEnabled(Ping.self))
    #expect(!isEnabled(Pong.self))
    Fixture.provider.emit(Ping(sequence: 5, text: "abc"))
    Fixture.provider.emit(Pong())
    let records = session.read()
    #expect(records.map(\.ref) == [42])
    #expect(records.first?.words == [5, 3, 0x63_6261])
    #expect(records.first?.tid == trace_thread_id())
    session.enable(.ping(on: false))
    Fixture.provider.emit(Ping(sequence: 6))
    #expect(session.read().isEmpty)
  }

  @Test func eightSessionsEachGetWhatTheyAskedFor() throws {
    let sessions = try (0..<8).map { _ in try AttachedSession() }
    for (index, session) in sessions.enumerated() {
      session.enable(.ping(UInt16(100 + index), on: index % 2 == 0), .pong(UInt16(200 + index)))
    }
    #expect(throws: SessionSlots.Failure.allTaken) { try AttachedSession() }
    Fixture.provider.emit(Ping(sequence: 1))
    Fixture.provider.emit(Pong())
    for (index, session) in sessions.enumerated() {
      let expected = index % 2 == 0 ? [100 + index, 200 + index] : [200 + index]
      #expect(session.read().map { Int($0.ref) } == expected)
    }
  }

  @Test func stacksHoldTheCallers() throws {
    let session = try AttachedSession()
    session.enable(.ping(stack: true))
    outerFrame()
    let record = try #require(session.read().first)
    #expect(record.hasStack)
    let frames = record.words.dropFirst(2)
    #expect(frames.count >= 3)
    #expect(Set(frames.prefix(3)).count == 3)
  }

  @inline(never) private func outerFrame() { innerFrame() }
  @inline(never) private func innerFrame() { Fixture.provider.emit(Ping(sequence: 1)) }

  @Test func aSuppliedStackReplacesTheNativeOneWhereStacksAreTaken() throws {
    let plain = try AttachedSession(processSlot: 1)
    plain.enable(.ping(20))
    var calls = 0
    func emit(_ frames: [UInt64]) {
      Fixture.provider.emit(Ping(sequence: 7)) { stack in
        calls += 1
        for frame in frames.prefix(stack.freeCapacity) { stack.append(frame) }
      }
    }
    emit([1])
    emit([1])
    #expect(calls == 0)
    #expect(plain.read().map(\.hasStack) == [false, false])

    let session = try AttachedSession(processSlot: 2)
    session.enable(.ping(21, stack: true))
    emit([0x10, 0x20, 0x30])
    emit([])
    emit(Array(1...1000))
    #expect(calls == 3)
    let records = session.read()
    #expect(records.map(\.hasStack) == [true, false, true])
    #expect(records[0].words == [7, 0, 0x10, 0x20, 0x30])
    #expect(records[1].words == [7, 0])
    #expect(records[2].words == [7, 0] + Array(1...UInt64(EventWriter.stackDepthMax)))
    #expect(plain.read().map(\.words) == [[7, 0], [7, 0], [7, 0]])
    Fixture.provider.emit(Pong()) { _ in calls += 1 }
    #expect(calls == 3)
  }

  @Test func largeEventsArriveWholeAndLargerOnesAreCounted() throws {
    let session = try AttachedSession()
    session.enable(.ping())
    let large = String(repeating: "x", count: RingLayout.payloadBytesMax - 16)
    Fixture.provider.emit(Ping(sequence: 1, text: large))
    Fixture.provider.emit(Ping(sequence: 2, text: large + "yyyyyyyyy"))
    let records = session.read()
    #expect(records.map(\.words.count) == [RingLayout.payloadBytesMax / 8])
    #expect(session.lost() == 1)
  }

  @Test func rundownGoesToOneSessionAndIsMarked() throws {
    let one = try AttachedSession()
    let two = try AttachedSession()
    one.enable(.ping())
    two.enable(.ping())
    let provider = Fixture.registered
    Fixture.provider.onCaptureState { state in
      state.emit(Ping(sequence: 99))
      state.emit(Pong())
    }
    provider.captureState(slot: two.slot, filter: EnableFilter())
    #expect(one.read().isEmpty)
    let records = two.read()
    #expect(records.count == 1)
    #expect(records.allSatisfy { $0.isRundown && $0.words[0] == 99 })
  }

  @Test func ownerIsToldWhatSessionsTogetherWant() throws {
    let heard = Lock<[Enablement]>([])
    Fixture.provider.onEnable { enablement in heard.withLock { $0.append(enablement) } }
    defer { Fixture.provider.onEnable { _ in } }
    do {
      let one = try AttachedSession()
      one.enable(.ping(), filter: EnableFilter(level: .warning, any: Keywords(rawValue: 1)))
      let two = try AttachedSession()
      two.enable(.ping(), filter: EnableFilter(level: .error, any: Keywords(rawValue: 6)))
      _ = (one, two)
    }
    let list = heard.withLock { $0 }
    #expect(list.first == Enablement([EnableFilter(level: .warning, any: Keywords(rawValue: 1))]))
    #expect(list.contains { $0.keywords.rawValue == 7 && $0.level == .warning })
    #expect(list.last?.isEnabled == false)
  }

  @Test func enablingAndDisablingWhileThreadsEmit() throws {
    let stop = Atomic<Bool>(false)
    let session = try AttachedSession()
    withThreads(4) {
      while !stop.load(ordering: .relaxed) { Fixture.provider.emit(Ping(sequence: 3, text: "t")) }
    } whileDoing: {
      for round in 0..<Rounds.count(2000) {
        session.enable(.ping(on: round % 2 == 0))
        if round % 500 == 0 { _ = session.read() }
      }
      stop.store(true, ordering: .relaxed)
    }
    #expect(session.read().allSatisfy { $0.words == [3, 1, 0x74] })
  }

  @Test func attachingAndDetachingWhileThreadsEmit() throws {
    let stop = Atomic<Bool>(false)
    try withThreads(4) {
      while !stop.load(ordering: .relaxed) { Fixture.provider.emit(Ping(sequence: 3)) }
    } whileDoing: {
      defer { stop.store(true, ordering: .relaxed) }
      for _ in 0..<Rounds.count(100) {
        let session = try AttachedSession()
        session.enable(.ping())
        sched_yield()
        #expect(session.read().allSatisfy { $0.words == [3, 0] })
      }
    }
  }

  @Test func aSuspendedProviderStartsOverAtItsNextEmit() throws {
    let registered = Fixture.registered
    Registry.suspendAfterFork()
    Fixture.provider.emit(Ping(sequence: 1))
    #expect(registered.isSettled)
    #expect(!isEnabled(Ping.self))
  }

  /// An event is either counted before the sessions' answer, or written after it.
  @Test func nothingIsCountedAfterTheAnswer() throws {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: EventLedger.byteCount, alignment: 8)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: EventLedger.byteCount)
    defer { memory.deallocate() }
    let ledger = EventLedger([Ping.schema], [Ping.self], in: memory)
    for _ in 1...3 { #expect(ledger.countUnlessClosed(1)) }
    ledger.close(1)
    #expect(!ledger.countUnlessClosed(1))
    #expect(ledger.count(1) == 3)
    #expect(ledger.describes(1) && !ledger.describes(2))
    ledger.open(1)
    #expect(ledger.count(1) == 0)
  }

  private func isEnabled<E: TraceEvent>(_: E.Type) -> Bool { Fixture.provider.isEnabled(E.self) }

  /// Runs `body` on separate threads while the caller does something else.
  private func withThreads(
    _ count: Int, _ body: @escaping @Sendable () -> Void, whileDoing work: () throws -> Void
  ) rethrows {
    let threads = (0..<count).map { _ in WorkerThread(body) }
    defer { for thread in threads { thread.join() } }
    try work()
  }
}

final class WorkerThread: @unchecked Sendable {
  private var handle = pthread_t()
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) {
    self.body = body
    let code = pthread_create(&handle, nil, runWorker, Unmanaged.passRetained(self).toOpaque())
    precondition(code == 0)
  }

  func join() { pthread_join(handle, nil) }
  fileprivate func run() { body() }
}

private func runWorker(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  Unmanaged<WorkerThread>.fromOpaque(argument!).takeRetainedValue().run()
  return nil
}
