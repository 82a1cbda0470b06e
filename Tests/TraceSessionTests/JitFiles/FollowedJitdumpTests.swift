import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceSession

@Suite struct FollowedJitdumpTests {
  @Test func aTornRecordIsReadWhenItIsWhole() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    let moment = trace_monotonic_ns()
    let second = DumpBytes.wholeLoad("second", pid: fixture.pid, at: 0x2000, time: moment)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.wholeLoad("first", pid: fixture.pid, at: 0x1000, time: moment))
    dump.write(second.prefix(40))
    fixture.tellOfDump()
    fixture.read()
    #expect(fixture.output.names == ["first"])
    dump.write(second.dropFirst(40))
    fixture.read()
    #expect(fixture.output.names == ["first", "second"])
    let load = fixture.output.loads[1]
    #expect(load.event.source == .jitdump && load.event.since == moment && load.event.size == 32)
    #expect(!load.isRundown)
    fixture.end()
    #expect(fixture.problems.isEmpty)
    #expect(fixture.output.files.map(\.entries) == [2])
  }

  @Test func whatAnEndedProcessLeftTornIsAProblem() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.wholeLoad("first", pid: fixture.pid, at: 0x1000))
    dump.write(DumpBytes.load("torn", pid: fixture.pid, at: 0x2000, size: 64).prefix(30))
    fixture.tellOfDump()
    fixture.read()
    unlink(dump.path)
    dump.write([])
    fixture.end()
    #expect(fixture.output.names == ["first"])
    #expect(fixture.problems.count == 1)
    #expect(fixture.problems[0].contains("before its last record does"))
    #expect(fixture.output.files.first?.problems.count == 1)
  }

  @Test func ofAProcessThatRunsOnNothingIsTorn() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.load("torn", pid: fixture.pid, at: 0x2000, size: 64).prefix(30))
    fixture.tellOfDump()
    fixture.read()
    fixture.follower.stop(deadline: .max)
    #expect(fixture.problems.isEmpty)
    #expect(fixture.output.files.count == 1)
  }

  @Test func codeIsPassedOver() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    let codeBytes = 900 << 20
    dump.write(DumpBytes.header(pid: fixture.pid))
    for index in 0..<5 {
      let start = UInt64(index + 1) << 32
      dump.write(
        DumpBytes.load("f\(index)", pid: fixture.pid, at: start, size: codeBytes))
      dump.skip(codeBytes)
    }
    var status = stat()
    #expect(stat(dump.path, &status) == 0 && status.st_size > 4 << 30)
    fixture.tellOfDump()
    fixture.end()
    #expect(fixture.output.names == ["f0", "f1", "f2", "f3", "f4"])
    let file = try #require(fixture.output.files.first)
    #expect(file.bytes <= 1 << 20)
    #expect(file.problems.isEmpty)
  }

  @Test func nonsenseIsGivenUp() throws {
    let wasteBytes: UInt64 = 2 << 20
    let fixture = try CodeFileFixture(wasteBytes: wasteBytes)
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.wholeLoad("first", pid: fixture.pid, at: 0x1000))
    dump.skip(1 << 36)
    fixture.tellOfDump()
    fixture.end()
    #expect(fixture.output.names == ["first"])
    #expect(fixture.problems.contains { $0.contains("more than 2 MiB in a row that announce no") })
    let bytes = try #require(fixture.output.files.first).bytes
    #expect(bytes > wasteBytes && bytes <= wasteBytes + 1 << 20)
  }

  @Test func aFileThatIsCutOffIsReadAgain() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.wholeLoad("first", pid: fixture.pid, at: 0x1000, size: 512))
    fixture.tellOfDump()
    fixture.read()
    dump.cut(to: 0)
    dump.write(DumpBytes.header(pid: fixture.pid))
    fixture.read()
    dump.write(DumpBytes.wholeLoad("second", pid: fixture.pid, at: 0x1000))
    fixture.read()
    #expect(fixture.output.names == ["first", "second"])
    fixture.end()
    #expect(fixture.problems.contains { $0.contains("was truncated") })
  }

  @Test func whatIsNoJitdumpIsNotRead() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(String(repeating: "no jitdump ", count: 100))
    fixture.tellOfDump()
    fixture.end()
    #expect(fixture.output.loads.isEmpty)
    #expect(fixture.problems == ["\(dump.path) is not a jitdump file; it was not read"])
  }

  @Test func whatAnOlderProcessHadAlreadyIsRundown() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    let moment = trace_monotonic_ns()
    dump.write(DumpBytes.wholeLoad("old", pid: fixture.pid, at: 0x1000, time: moment))
    fixture.tellOfDump(isRundown: true)
    fixture.read()
    dump.write(DumpBytes.wholeLoad("new", pid: fixture.pid, at: 0x2000, time: moment + 1))
    fixture.read()
    #expect(fixture.output.loads.map(\.isRundown) == [true, false])
    #expect(fixture.output.loads.map(\.event.since) == [moment, moment + 1])
  }

  @Test func anotherProgramEndsTheFileAndTheProcessGoesOn() throws {
    let fixture = try CodeFileFixture()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid))
    dump.write(DumpBytes.wholeLoad("before", pid: fixture.pid, at: 0x1000))
    fixture.tellOfDump()
    fixture.tell(.execed)
    #expect(fixture.output.names == ["before"])
    #expect(fixture.output.loads[0].owner.endTicks != nil)
    #expect(fixture.output.files.count == 1)
    dump.write(DumpBytes.wholeLoad("after", pid: fixture.pid, at: 0x1000))
    fixture.read()
    #expect(fixture.output.names == ["before"])
    fixture.tellOfDump()
    fixture.read()
    #expect(fixture.output.loads.last?.owner.endTicks == nil)
    #expect(fixture.output.names.last == "after")
  }

  @Test func aForkedChildHasItsParentsFileMappedAndDoesNotOwnIt() throws {
    let fixture = try CodeFileFixture()
    let path = fixture.directory.path + "/jit-\(getpid()).dump"
    let dump = try WrittenFile(path)
    dump.write(DumpBytes.header(pid: UInt32(getpid())))
    dump.write(DumpBytes.wholeLoad("parents", pid: UInt32(getpid()), at: 0x1000))
    fixture.tell(.mapped(path: path, device: 0, inode: 0))
    fixture.end()
    #expect(fixture.output.loads.isEmpty && fixture.problems.isEmpty)
  }

  // MARK: The clock

  @Test func theCountersTimesBecomeTheClocks() throws {
    let fixture = try CodeFileFixture()
    let shared = fixture.follower.shared
    try waitUntil {
      shared.clock.look()
      return shared.clock.nanoseconds(atTicks: trace_ticks()) != nil
    }
    let before = trace_monotonic_ns()
    let ticks = trace_ticks()
    let after = trace_monotonic_ns()
    let dump = try WrittenFile(fixture.dumpPath)
    dump.write(DumpBytes.header(pid: fixture.pid, flags: 1))
    dump.write(DumpBytes.wholeLoad("f", pid: fixture.pid, at: 0x1000, time: ticks))
    fixture.tellOfDump()
    fixture.read()
    let since = try #require(fixture.output.loads.first).event.since
    // The rate is known to one part in 10,000 after 10 ms.
    #expect(since >= before - 1_000_000 && since <= after + 1_000_000)
  }

  @Test func theCounterIsALineBetweenLooks() {
    func sync(_ ticks: UInt64, _ nanoseconds: UInt64) -> ClockSync {
      ClockSync(ticks: ticks, monotonicNanoseconds: nanoseconds, realtimeNanoseconds: 0)
    }
    var clock = CounterClock(sync(1_000_000, 5_000_000))
    #expect(clock.nanoseconds(atTicks: 1_000_000) == nil)
    clock.look(sync(31_000_000, 15_000_000))
    #expect(clock.nanoseconds(atTicks: 1_000_000) == 5_000_000)
    #expect(clock.nanoseconds(atTicks: 16_000_000) == 10_000_000)
    #expect(clock.nanoseconds(atTicks: 34_000_000) == 16_000_000)
    #expect(clock.nanoseconds(atTicks: 400_000) == 4_800_000)
    // The clock has not advanced, which yields no new information.
    clock.look(sync(31_000_000, 5_000_000))
    #expect(clock.nanoseconds(atTicks: 34_000_000) == nil)
  }
}
