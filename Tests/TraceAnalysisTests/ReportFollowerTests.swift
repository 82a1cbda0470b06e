import TestSupport
import Testing
import TraceFormat

@testable import TraceAnalysis

/// A pass over a growing file makes a report whenever it is asked, and in the end that of the
/// finished file.
@Suite struct ReportFollowerTests {
  private let directory = TemporaryDirectory()
  private static let rounds = 6

  /// Returns the reports after each round, then that of the finished file by the same pass.
  private func follow<Maker: ReportPass>(_ pass: Maker) throws -> [Maker.Output?] {
    let path = directory.path + "/t.etl"
    var trace = try GrowingTrace(path: path)
    try trace.addRound()
    let follower = try ReportFollower(pass, following: TraceFile(path: path), interval_ns: 0)
    var reports: [Maker.Output?] = []
    for round in 1...Self.rounds {
      if round > 1 { try trace.addRound() }
      let step = try follower.next()
      if case .report(let report) = step { reports.append(report) } else { reports.append(nil) }
    }
    try trace.finish()
    while case .report = try follower.next() {}
    guard case .report(let last) = try follower.last() else { return reports + [nil] }
    return reports + [last]
  }

  /// Expects that the report of the followed file is that of the finished one, and returns the
  /// earlier ones.
  private func expectSame<Maker: ReportPass>(_ make: () -> Maker) throws -> [Maker.Output] {
    let reports = try follow(make())
    let whole = try make().report(from: Replay(TraceFile(path: directory.path + "/t.etl")))
    let last = try #require(reports.last ?? nil)
    #expect("\(last)" == "\(whole)")
    return reports.dropLast().compactMap { $0 }
  }

  @Test func collections() throws {
    let reports = try expectSame { GCPass() }
    #expect(reports.map { $0.processes[0].collections.count } == [1, 2, 3, 4, 5])
    // A pause is complete when its end has arrived in order.
    #expect(reports.map { $0.processes[0].pauses.count } == [1, 2, 3, 4, 4])
    for report in reports {
      guard case .unfinished(_, let time) = report.partial.first else {
        Issue.record("\(report.partial)")
        continue
      }
      #expect(time == Int64(report.processes[0].collections.count) * 1_000_000 + 500_000)
    }
  }

  @Test func compilations() throws {
    let reports = try expectSame { JITPass() }
    #expect(reports.map { $0.processes[0].compiled } == [1, 2, 3, 4, 5, 6])
  }

  @Test func exceptions() throws {
    let reports = try expectSame { ExceptionPass() }
    #expect(reports.map { $0.processes[0].thrown } == [6, 14, 22, 30, 38, 46])
    // Code that is unloaded later keeps the names that it had.
    let names = reports[1].processes[0].groups[0].stacks.flatMap(\.frames).map(\.function)
    #expect(Set(names) == ["Shop.m0", "Shop.m1"], "\(names)")
  }

  @Test func allocations() throws {
    let reports = try expectSame { AllocationPass() }
    #expect(reports.map { $0.processes[0].total.samples } == [5, 13, 21, 29, 37, 45])
    #expect(reports.last?.processes[0].stackCount == 6)
  }

  @Test func threads() throws {
    let reports = try expectSame { ThreadsPass() }
    #expect(reports.map { $0.processes[0].threads[0].times.waits } == [0, 1, 2, 3, 4, 5])
    #expect(reports[1].processes[0].waits[0].frames.map(\.function) == ["Shop.m0"])
  }

  @Test func requests() throws {
    let reports = try expectSame { RequestPass() }
    let counts = reports.map { $0.processes[0].groups.first?.durations.count ?? 0 }
    #expect(counts == [0, 1, 2, 3, 4, 4])
    let split = try #require(reports[1].processes[0].slowest.first?.split)
    #expect(split.states?.blocked_ns == 50_000 && split.gcPause_ns == 110_000)
  }

  @Test func system() throws {
    let reports = try expectSame { SystemPass() }
    #expect(reports.map { $0.total.cpu.steal_ns / 10_000_000 } == [10, 20, 30, 40, 50])
  }

  @Test func summary() throws {
    let reports = try expectSame { SummaryPass() }
    #expect(reports.count == Self.rounds)
    let commands = Set(reports[5].topics.map(\.kind.command))
    #expect(
      commands.isSuperset(of: [
        "gc", "exceptions", "requests", "threads", "allocations", "jit", "system",
      ]), "\(commands)")
  }

  /// A refresh reads only what is new: of the requests that were the slowest before, the events are
  /// not read again.
  @Test func nothingIsReadTwice() throws {
    let path = directory.path + "/t.etl"
    var trace = try GrowingTrace(path: path)
    for _ in 0..<3 { try trace.addRound() }
    let file = try TraceFile(path: path)
    let follower = try ReportFollower(RequestPass(), following: file, interval_ns: 0)
    guard case .report = try follower.next() else {
      Issue.record("no report")
      return
    }
    let runs = file.replayRuns
    guard case .report = try follower.last() else {
      Issue.record("no report")
      return
    }
    #expect(file.replayRuns == runs)
    try trace.finish()
  }

  @Test func stopping() throws {
    let path = directory.path + "/t.etl"
    var trace = try GrowingTrace(path: path)
    let follower = try ReportFollower(
      GCPass(), following: TraceFile(path: path), interval_ns: 0)
    guard case .nothing(.noEvents) = try follower.next() else {
      Issue.record("a report")
      return
    }
    guard case .stopped = try follower.next(isStopped: { true }) else {
      Issue.record("not stopped")
      return
    }
    try trace.finish()
    while case .nothing = try follower.next() {}
    guard case .end = try follower.next() else {
      Issue.record("no end")
      return
    }
  }
}
