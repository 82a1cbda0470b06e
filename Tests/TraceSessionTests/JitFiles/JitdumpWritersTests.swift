import CTraceShims
import Glibc
import Testing
import TraceEvents

@testable import TraceSession

/// Jitdumps that are written by several processes, rewritten, or written with another clock.
@Suite struct JitdumpWritersTests {
  /// A fixture's dump with its header, and a process forked from the fixture's.
  private struct Shared {
    let fixture: CodeFileFixture
    let dump: WrittenFile
    let child: Sleeper

    init() throws {
      fixture = try CodeFileFixture()
      dump = try WrittenFile(fixture.dumpPath)
      child = try Sleeper()
      dump.write(DumpBytes.header(pid: fixture.pid))
    }

    func load(_ name: String, pid: UInt32, at address: UInt64 = 0x1000) {
      dump.write(DumpBytes.wholeLoad(name, pid: pid, at: address))
    }

    var told: [String] {
      fixture.output.loads.map {
        "\($0.owner.pid == child.pid ? "child" : "parent") \($0.event.name)"
      }
    }
  }

  @Test func aRecordIsItsAnnouncers() throws {
    let shared = try Shared()
    shared.load("before", pid: shared.fixture.pid)
    shared.fixture.tellOfDump()
    shared.fixture.read()
    shared.fixture.tell(.forked(parent: shared.fixture.pid), of: shared.child)
    shared.load("childs", pid: shared.child.pid)
    shared.load("parents", pid: shared.fixture.pid)
    shared.fixture.read()
    #expect(shared.told == ["parent before", "child childs", "parent parents"])
    // The child still owns the file after its parent has ended.
    shared.fixture.sleeper.end()
    shared.fixture.tell(.ended)
    shared.fixture.read()
    shared.load("last", pid: shared.child.pid)
    shared.fixture.tell(.ended, of: shared.child)
    shared.fixture.read()
    #expect(shared.told.last == "child last")
    #expect(shared.fixture.output.files.map(\.entries) == [4])
    #expect(shared.fixture.problems.isEmpty && shared.fixture.follower.isIdle)
  }

  /// The records arrive before the fork is reported.
  @Test func whatAChildWritesWaitsForItsFork() throws {
    let shared = try Shared()
    shared.load("parents", pid: shared.fixture.pid)
    shared.load("childs", pid: shared.child.pid)
    shared.fixture.tellOfDump()
    shared.fixture.read()
    #expect(shared.told == ["parent parents"])
    shared.fixture.tell(.forked(parent: shared.fixture.pid), of: shared.child)
    #expect(shared.told == ["parent parents", "child childs"])
    shared.fixture.end()
    #expect(shared.fixture.problems.isEmpty)
  }

  /// A writer that still uses the process id from before the fork is recognized by its thread id.
  @Test func anOldProcessIDIsToldByTheThread() throws {
    let shared = try Shared()
    shared.fixture.tellOfDump()
    shared.fixture.tell(.forked(parent: shared.fixture.pid), of: shared.child)
    var record = DumpBytes.wholeLoad("childs", pid: shared.fixture.pid, at: 0x1000)
    withUnsafeBytes(of: shared.child.pid) { record.replaceSubrange(20..<24, with: $0) }
    shared.dump.write(record)
    shared.fixture.read()
    #expect(shared.told == ["child childs"])
  }

  @Test func strangersAreNobodys() throws {
    let shared = try Shared()
    shared.load("parents", pid: shared.fixture.pid)
    shared.load("strangers", pid: shared.child.pid)
    shared.fixture.tellOfDump()
    shared.fixture.end()
    #expect(shared.told == ["parent parents"])
    #expect(shared.fixture.problems.count == 1)
    #expect(
      shared.fixture.problems.first?.contains("has 1 record of other processes; it was skipped")
        == true)
  }

  @Test func anExecEndsTheInheritance() throws {
    let shared = try Shared()
    shared.fixture.tellOfDump()
    shared.fixture.tell(.forked(parent: shared.fixture.pid), of: shared.child)
    shared.fixture.tell(.execed, of: shared.child)
    shared.load("nobodys", pid: shared.child.pid)
    shared.load("parents", pid: shared.fixture.pid)
    shared.fixture.read()
    #expect(shared.told == ["parent parents"])
  }

  // MARK: Rewritten files

  @Test(arguments: [1, 3]) func aFileThatIsWrittenAnewIsReadAgain(count: Int) throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    func write(_ names: [String]) {
      dump.write(DumpBytes.header(pid: fixture.pid))
      for (index, name) in names.enumerated() {
        dump.write(
          DumpBytes.wholeLoad(name, pid: fixture.pid, at: 0x1000 * UInt64(index + 1)))
      }
    }
    write(["first"])
    fixture.tellOfDump()
    fixture.read()
    dump.cut(to: 0)
    let names = (1...count).map { "again\($0)" }
    write(names)
    fixture.read()
    #expect(fixture.output.names == ["first"] + names)
    fixture.end()
    #expect(fixture.problems.count == 1)
    #expect(fixture.problems.first?.contains("was rewritten") == true)
  }

  // MARK: The clock

  @Test func timesOfNoClockGiveNoNames() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    for name in ["a", "b"] {
      dump.write(DumpBytes.wholeLoad(name, pid: fixture.pid, at: 0x1000, time: 0))
    }
    fixture.tellOfDump()
    fixture.end()
    #expect(fixture.output.names.isEmpty)
    #expect(fixture.problems.count == 1)
    #expect(fixture.problems.first?.contains("unknown clock") == true)
  }

  @Test func aClockThatIsBehindIsCorrected() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    let behind: UInt64 = 100_000_000_000
    dump.write(DumpBytes.header(pid: fixture.pid))
    fixture.tellOfDump()
    var moments: [UInt64] = []
    for name in ["a", "b"] {
      moments.append(trace_monotonic_ns())
      dump.write(
        DumpBytes.wholeLoad(
          name, pid: fixture.pid, at: 0x1000, time: moments.last! &- behind))
      fixture.read()
      usleep(30_000)
    }
    fixture.end()
    #expect(fixture.output.names == ["a", "b"])
    for (load, moment) in zip(fixture.output.loads, moments) {
      let event = load.event
      #expect(event.since - event.doubt <= moment && moment <= event.since, "\(event)")
    }
    #expect(fixture.problems.count == 1)
    #expect(fixture.problems.first?.contains("behind CLOCK_MONOTONIC") == true)
  }

  /// JIT_CODE_CLOSE ends the announcements, but not the code.
  @Test func aClosedFilesCodeRunsOn() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.wholeLoad("a", pid: fixture.pid, at: 0x1000))
    let close: [UInt32] = [3, 16, 0, 0]
    dump.write(close.flatMap { word in withUnsafeBytes(of: word) { Array($0) } })
    fixture.tellOfDump()
    fixture.end()
    #expect(fixture.output.names == ["a"])
    #expect(fixture.output.others.isEmpty && fixture.problems.isEmpty)
  }
}
