import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceSymbols

@testable import TraceSession

/// A perf map that another process, or another program of the process, has left.
///
/// In a pid namespace, two processes may have the same number one after the other. Here the second
/// one's map is a hard link to the first one's.
@Suite struct LeftMapTests {
  private struct Heir {
    let fixture: CodeFileFixture
    let map: WrittenFile
    var next: Sleeper!

    static let process: UInt32 = 100

    /// A first process, of whose map these lines are read.
    init(_ lines: String = "1000 20 a\n") throws {
      fixture = try CodeFileFixture()
      map = try fixture.followedMap(lines)
    }

    func endFirst(atTicks ticks: UInt64 = trace_ticks()) {
      fixture.sleeper.end()
      fixture.follower.take(
        CodeFileNotice(kind: .ended, pid: fixture.pid, process: nil, ticks: ticks))
    }

    /// Starts the second process.
    mutating func beginNext() throws -> UInt64 {
      next = try Sleeper()
      #expect(link(fixture.sleeper.mapPath, next.mapPath) == 0)
      return trace_ticks()
    }

    func tellOfNext(began: UInt64) {
      fixture.follower.take(
        CodeFileNotice(
          kind: .mayHaveMap, pid: next.pid, process: Self.process, ticks: trace_ticks(),
          began: began))
      fixture.read()
    }

    /// The names that the second process got.
    var inherited: [String] {
      fixture.output.loads.filter { $0.owner.process == Self.process }.map(\.event.name)
    }

    var own: [String] {
      fixture.output.loads.filter { $0.owner.process != Self.process }.map(\.event.name)
    }
  }

  /// Longer than a tick, by which the times of files lag.
  private func waitForTick() { usleep(25_000) }

  @Test func whatIsAppendedIsTheNextProcesses() throws {
    var heir = try Heir()
    heir.map.write("2000 20 b\n")
    heir.endFirst()
    let began = try heir.beginNext()
    heir.tellOfNext(began: began)
    #expect(heir.own == ["a", "b"] && heir.inherited == [])
    heir.map.write("3000 20 c\n")
    try waitUntil {
      heir.fixture.read()
      return !heir.inherited.isEmpty
    }
    #expect(heir.own == ["a", "b"] && heir.inherited == ["c"])
    #expect(heir.fixture.problems.isEmpty)
  }

  /// The next process writes before the end of the last one is reported.
  @Test func whatIsAppendedBeforeTheNoticeIsTheNextProcesses() throws {
    var heir = try Heir()
    waitForTick()
    let end = trace_ticks()
    let began = try heir.beginNext()
    waitForTick()
    heir.map.write("3000 20 c\n")
    heir.endFirst(atTicks: end)
    heir.tellOfNext(began: began)
    #expect(heir.own == ["a"] && heir.inherited == ["c"])
  }

  /// The time of the file is that of the last tick, which was before the end.
  @Test func aProcessThatWroteNothingIsNotTheWriter() throws {
    var heir = try Heir()
    heir.endFirst()
    let began = try heir.beginNext()
    heir.tellOfNext(began: began)
    waitForTick()
    let end = trace_ticks()
    let moment = try #require(heir.fixture.follower.shared.realtime(ofTicks: end)) - 1_000_000
    heir.map.write("3000 20 c\n")
    let (seconds, rest) = moment.quotientAndRemainder(dividingBy: 1_000_000_000)
    let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
    #expect(utimensat(AT_FDCWD, heir.map.path, [time, time], 0) == 0)
    heir.fixture.follower.take(
      CodeFileNotice(kind: .ended, pid: heir.next.pid, process: nil, ticks: end))
    let third = try Sleeper()
    #expect(link(heir.map.path, third.mapPath) == 0)
    heir.fixture.follower.take(
      CodeFileNotice(
        kind: .mayHaveMap, pid: third.pid, process: 101, ticks: trace_ticks(), began: end))
    heir.fixture.read()
    let owners = heir.fixture.output.loads.map { "\($0.owner.process) \($0.event.name)" }
    #expect(owners == ["\(CodeFileFixture.process) a", "101 c"])
  }

  @Test func whatIsWrittenAnewIsTheNextProcesses() throws {
    // With other bytes of the same size, fewer, more, and the same ones.
    for lines in ["3000 20 c\n", "1 2 c\n", "3000 20 c\n4000 20 d\n", "1000 20 a\n"] {
      var heir = try Heir()
      heir.endFirst()
      waitForTick()
      let began = try heir.beginNext()
      waitForTick()
      heir.map.cut(to: 0)
      heir.map.write(lines)
      heir.tellOfNext(began: began)
      let names = lines.split(separator: "\n").map { String($0.last!) }
      #expect(heir.own == ["a"] && heir.inherited == names)
      #expect(heir.fixture.problems.isEmpty)
    }
  }

  /// The same bytes are written anew while the file is followed already.
  @Test func theSameBytesAgainAreTheNextProcesses() throws {
    var heir = try Heir()
    heir.endFirst()
    let began = try heir.beginNext()
    heir.tellOfNext(began: began)
    #expect(heir.inherited == [])
    waitForTick()
    heir.map.cut(to: 0)
    heir.map.write("1000 20 a\n")
    try waitUntil {
      heir.fixture.read()
      return !heir.inherited.isEmpty
    }
    #expect(heir.inherited == ["a"])
    #expect(heir.fixture.problems.isEmpty)
  }

  @Test func whatIsWrittenAnewBeforeTheNoticeIsNotTheEndedProcesss() throws {
    var heir = try Heir()
    waitForTick()
    let end = trace_ticks()
    let began = try heir.beginNext()
    waitForTick()
    heir.map.cut(to: 0)
    heir.map.write("3000 20 c\n")
    heir.endFirst(atTicks: end)
    heir.tellOfNext(began: began)
    #expect(heir.own == ["a"] && heir.inherited == ["c"])
    #expect(heir.fixture.problems.isEmpty)
  }

  /// A new file may have the inode number of a deleted one, and the same beginning.
  @Test func aNewFileIsTheNextProcesses() throws {
    var heir = try Heir()
    heir.endFirst()
    heir.fixture.read()
    unlink(heir.fixture.sleeper.mapPath)
    heir.next = try Sleeper()
    let began = trace_ticks()
    waitForTick()
    let new = try WrittenFile(heir.next.mapPath)
    new.write("1000 20 a\n3000 20 c\n")
    heir.tellOfNext(began: began)
    #expect(heir.inherited == ["a", "c"])
  }

  /// The file is older than the session, which has read nothing of it.
  @Test func ofAFileThatIsOlderOnlyWhatIsAppendedIsRead() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.map("1000 20 stale\n")
    let old = timespec(tv_sec: 1_000_000_000, tv_nsec: 0)
    #expect(utimensat(AT_FDCWD, map.path, [old, old], 0) == 0)
    fixture.tell(.mayHaveMap)
    fixture.read()
    map.write("2000 20 own\n")
    try waitUntil {
      fixture.read()
      return !fixture.output.names.isEmpty
    }
    #expect(fixture.output.names == ["own"])
  }

  @Test func aMapThatIsOlderThanAProcessThatRanBeforeTheSessionIsNotIts() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.map("1000 20 stale\n")
    let old = timespec(tv_sec: 1_000_000_000, tv_nsec: 0)
    #expect(utimensat(AT_FDCWD, map.path, [old, old], 0) == 0)
    fixture.tell(.mayHaveMap, isRundown: true)
    fixture.end()
    #expect(fixture.output.names.isEmpty)
  }

  // MARK: Exec

  @Test(arguments: [true, false])
  func whatAProgramAnnouncedIsNotTheNextPrograms(isRead: Bool) throws {
    let fixture = try CodeFileFixture()
    fixture.tell(.mayHaveMap)
    fixture.read()
    let map = try fixture.map("1000 20 old\n")
    if isRead {
      try waitUntil {
        fixture.read()
        return !fixture.output.names.isEmpty
      }
    }
    waitForTick()
    fixture.tell(.execed)
    fixture.read()
    #expect(fixture.output.names == ["old"])
    #expect(isRead || fixture.output.loads[0].owner.endTicks != nil)
    waitForTick()
    map.write("1000 20 new\n")
    try waitUntil {
      fixture.read()
      return fixture.output.names.count > 1
    }
    #expect(fixture.output.names == ["old", "new"])
    #expect(fixture.output.loads[1].owner.endTicks == nil)
    fixture.end()
    #expect(fixture.problems.isEmpty)
  }

  /// The program was not followed before its exec.
  @Test func aMapOfAnUnknownFormerProgramIsNotRead() throws {
    let fixture = try CodeFileFixture()
    _ = try fixture.map("1000 20 old\n")
    waitForTick()
    let began = trace_ticks()
    usleep(15_000)
    fixture.follower.take(
      CodeFileNotice(
        kind: .mayHaveMap, pid: fixture.pid, process: CodeFileFixture.process,
        ticks: trace_ticks(), began: began))
    fixture.end()
    #expect(fixture.output.names.isEmpty)
  }

  /// A jitdump that the next program, or the next process with the number, maps without truncating
  /// it.
  @Test func recordsFromBeforeAProgramAreNotIts() throws {
    let fixture = try CodeFileFixture()
    usleep(15_000)
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.wholeLoad("old", pid: fixture.pid, at: 0x1000))
    usleep(1000)
    let began = trace_ticks()
    dump.write(DumpBytes.wholeLoad("new", pid: fixture.pid, at: 0x1000))
    fixture.follower.take(
      CodeFileNotice(
        kind: .mapped(path: fixture.dumpPath, device: 0, inode: 0), pid: fixture.pid,
        process: CodeFileFixture.process, ticks: trace_ticks(), began: began))
    fixture.end()
    #expect(fixture.output.names == ["new"])
    #expect(fixture.problems.count == 1)
    #expect(fixture.problems.first?.contains("1 record of other processes") == true)
  }

  // MARK: Parts

  @Test func theLedgerIsBounded() throws {
    let directory = TemporaryDirectory()
    let root = open("/", O_RDONLY | O_CLOEXEC)
    defer { close(root) }
    var ledger = PerfMapLedger()
    for number in 0..<PerfMapLedger.filesMax + 10 {
      let path = directory.path + "/\(number % 100)"
      unlink(path)
      _ = try WrittenFile(path)
      let file = try FollowedFile(
        path, below: root, access: .own, owners: [geteuid()])
      ledger.note(file, .init(), modified: 0)
    }
    #expect(ledger.count <= PerfMapLedger.filesMax)
  }

  @Test func timesOfFilesAreCoarse() {
    let tick = ProgramTimes.tick_ns
    let exact = ProgramTimes(exactly: 100_000_000)
    #expect(exact.compare(modified: 100_000_000) == .after)
    #expect(exact.compare(modified: 99_999_999) == .unclear)
    #expect(exact.compare(modified: 100_000_000 - tick) == .unclear)
    #expect(exact.compare(modified: 99_999_999 - tick) == .before)
    let coarse = ProgramTimes(procStart: 100_000_000)
    #expect(coarse.compare(modified: 109_000_000) == .unclear)
    #expect(coarse.compare(modified: 112_000_000) == .after)
  }

  @Test func noticesStateWhenTheProgramBegan() {
    let notices = CodeFileNotices()
    notices.forked(7, from: 1, process: 2, atTicks: 10)
    notices.mayHaveMap(7, process: 2, atTicks: 15)
    notices.execed(7, process: 2, atTicks: 20)
    notices.forked(8, from: 1, process: 3, atTicks: 30)
    notices.execed(8, process: 3, atTicks: 40)
    notices.mayHaveMap(8, process: 3, atTicks: 50)
    notices.ended(8, atTicks: 60)
    notices.mayHaveMap(8, process: 4, atTicks: 70)
    #expect(notices.take().map(\.began) == [10, 20, 40, nil, nil])
  }
}
