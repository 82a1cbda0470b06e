import Foundation
import Locks
import TestSupport
import Testing
import TraceControl
import TraceEvents

@_spi(Fuzzing) @testable import TraceSession

/// Limits on the data that a session keeps for processes: for each process, each user, and in
/// total.
@Suite struct BudgetTests {
  private func holder(_ user: UInt32, _ process: UInt64) -> BudgetHolder {
    BudgetHolder(user: user, process: process)
  }

  /// Takes as much as possible, one by one.
  private func greed(_ budget: inout Budget, _ holder: BudgetHolder) -> Int {
    var count = 0
    while budget.take(1, for: holder) == nil { count += 1 }
    return count
  }

  @Test func oneProcessLeavesRoomForTheNext() {
    var budget = Budget(total: 65_536, processMax: .max, isShared: false)
    let shares = (0..<100).map { greed(&budget, holder(1, $0)) }
    #expect(shares[0] == 65_536 * 7 / 8 / 4)
    #expect(shares[1] == (65_536 * 7 / 8 - shares[0]) / 4)
    #expect(shares.allSatisfy { $0 >= 64 }, "the hundredth gets a share, too")
    #expect(budget.taken == shares.reduce(0, +) && budget.taken <= budget.total)
  }

  @Test func oneUserLeavesRoomForTheNext() {
    var budget = Budget(total: 65_536, processMax: .max, isShared: true)
    var perUser: [Int] = []
    for user in 0..<6 {
      perUser.append(
        (0..<2000).reduce(0) { $0 + greed(&budget, holder(UInt32(user), UInt64($1))) })
      #expect(budget.bound(on: 1, for: holder(UInt32(user), 5000)) == .user)
    }
    #expect(perUser[0] == 32_768 && perUser[1] == 16_384 && perUser[5] == 1024)
    #expect(budget.bound(on: 1, for: holder(9, 1)) == nil)
  }

  @Test func whatIsGivenBackCanBeTakenAgain() {
    var budget = Budget(total: 1000, processMax: 50, isShared: false)
    #expect(budget.take(51, for: holder(1, 1)) == .process)
    #expect(budget.take(50, for: holder(1, 1)) == nil)
    #expect(budget.take(1, for: holder(1, 1)) == .process)
    budget.giveBack(50, of: holder(1, 1))
    #expect(budget.taken == 0 && budget.taken(byUser: 1) == 0)
    #expect(budget.take(50, for: holder(1, 1)) == nil)
  }

  @Test func equalProvidersAreKeptOnce() {
    var catalogue = SchemaCatalogue()
    let shop = RendezvousTests.provider("Shop")
    let first = SchemaCatalogue.Charge(holder: holder(1, 1), bytes: 100)
    #expect(catalogue.share(shop, first).isNew)
    #expect(!catalogue.share(shop, .init(holder: holder(1, 2), bytes: 100)).isNew)
    #expect(catalogue.byteCount == 100)
    #expect(catalogue.release(shop) == nil)
    #expect(catalogue.release(shop) == first, "the first announcer pays until the last has gone")
    #expect(catalogue.count == 0)
  }

  // MARK: In a session

  private typealias Fixture = RendezvousTests.Fixture

  private func fixture(_ change: (inout SessionBudgets.Totals) -> Void) throws -> Fixture {
    let fixture = try Fixture("*")
    var totals = SessionBudgets.Totals()
    change(&totals)
    fixture.rendezvous.change { $0.budgets = SessionBudgets(isShared: false, totals) }
    return fixture
  }

  /// The session's last message to a process that it disconnects.
  private func farewell(_ process: FakeProcess) throws -> String? {
    var last: String?
    while let message = try process.next() {
      if case .refused(let reason) = message { last = reason }
    }
    return last
  }

  @Test func whoTakesTooManyEventTypesIsCutOffAndOthersAreNot() throws {
    let fixture = try fixture { $0.eventTypes = 1000 }
    let modest = try fixture.connect()
    modest.register(RendezvousTests.provider("Modest"))
    #expect(try modest.nextGrants().grants.count == 2)
    let greedy = try fixture.connect()
    greedy.register(RendezvousTests.provider("Greedy", events: 1..<1000))
    let reason = "it uses more of the session's event types than one process may"
    #expect(try farewell(greedy) == reason)
    #expect(fixture.problems() == [reason + "; the session has closed its connection"])
    // The others are traced, and so are later ones.
    let later = try fixture.connect()
    later.register(RendezvousTests.provider("Later"))
    #expect(try later.nextGrants().grants.count == 2)
    let cutOff = fixture.rendezvous.state.withLock { $0.processes.map(\.isCutOff) }
    #expect(cutOff == [false, true, false])
  }

  /// Processes that are no longer traced, for whatever reason, are listed with the losses.
  @Test func whoeverTheSessionGivesUpCountsAsCutOff() throws {
    let fixture = try fixture { _ in }
    let rude = try fixture.connect()
    rude.send([0xff, 0xff])
    #expect(try rude.isClosed())
    let unwilling = try fixture.connect()
    unwilling.send(.refused(reason: "no"))
    #expect(try unwilling.isClosed())
    // A process that ends is not one of them.
    _ = try fixture.connect()
    #expect(fixture.waitForEnd(of: 3))
    let cutOff = fixture.rendezvous.state.withLock { $0.processes.map(\.isCutOff) }
    #expect(cutOff == [true, true, false])
  }

  @Test func memoryOfSchemasIsBounded() throws {
    let fixture = try fixture { $0.memoryBytes = 4 << 20 }
    let process = try fixture.connect()
    // 256 fields without names take 1 KB on the wire and some 20 KB in memory.
    let fields = Array(repeating: FieldSchema("", .bool), count: 256)
    let events = (1..<200).map {
      EventSchema(provider: "Wide", id: UInt16($0), name: "E", fields: fields)
    }
    process.register(ProviderSchema(name: "Wide", events: events))
    #expect(
      try farewell(process)
        == "it uses more of the session's memory for announcements than one process may")
    let taken = fixture.rendezvous.state.withLock { $0.budgets.memory.taken }
    #expect(taken == 0, "the budget is released")
  }

  @Test func sharedProvidersCostOnce() throws {
    let fixture = try fixture { _ in }
    let processes = try (0..<20).map { _ in try fixture.connect() }
    for process in processes {
      process.register(RendezvousTests.provider("Shop", events: 1..<200))
      _ = try process.nextGrants()
    }
    let (taken, kept) = fixture.rendezvous.state.withLock { state in
      (state.budgets.memory.taken, state.catalogue.byteCount)
    }
    #expect(kept > 199 * 100)
    #expect(taken < kept + 20 * 1024)
  }

  @Test func connectionsAreBounded() throws {
    let fixture = try fixture { $0.connections = 40 }
    var processes: [FakeProcess] = []
    // A quarter of seven eighths of 40.
    for _ in 0..<8 { processes.append(try fixture.connect()) }
    let more = try fixture.connect()
    #expect(
      try farewell(more) == "it uses more of the session's connections than one process may")
    #expect(fixture.rendezvous.state.withLock { $0.turnedAway } == 1)
    #expect(fixture.problems().contains { $0.contains("turned away") })
    // A process that ends releases its budget.
    processes.removeLast()
    #expect(fixture.waitForEnd(atLeast: 1))
    _ = try fixture.connect()
    #expect(fixture.rendezvous.state.withLock { $0.turnedAway } == 1)
  }

  /// The fuzzer's seeds and findings are processed without failures.
  @Test func everyFileOfTheCorpus() throws {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Fuzz/Corpus/budgets")
    let files = try FileManager.default.contentsOfDirectory(
      at: directory, includingPropertiesForKeys: nil)
    #expect(files.count >= 8)
    var understood = 0
    for file in files {
      understood += try Foundation.Data(contentsOf: file).withUnsafeBytes { BudgetProbe.hear($0) }
    }
    #expect(understood >= 100)
  }
}

extension RendezvousTests.Fixture {
  func waitForEnd(atLeast count: Int) -> Bool {
    rendezvous.state.wait(nanoseconds: 10_000_000_000) { state in
      state.processes.count { !$0.isRunning } >= count
    }
  }
}
