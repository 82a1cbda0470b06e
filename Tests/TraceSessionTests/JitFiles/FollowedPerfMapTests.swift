import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceEvents

@testable import TraceSession

@Suite struct FollowedPerfMapTests {
  @Test func whatIsAddedIsReadOnceAndALineWhenItIsWhole() throws {
    let fixture = try CodeFileFixture()
    fixture.tell(.mayHaveMap)
    fixture.read()
    #expect(fixture.output.names.isEmpty)
    let map = try fixture.map("1000 20 first\n0x2000 0x30 sec")
    // Searched for again after the pause, and reported immediately as new.
    try waitForRounds(fixture) { $0.names == ["first"] }
    let began = trace_monotonic_ns()
    fixture.read()
    map.write("ond\n")
    fixture.read()
    fixture.read()
    #expect(fixture.output.names == ["first", "second"])
    let load = fixture.output.loads[1]
    #expect(load.event.address == 0x2000 && load.event.size == 0x30)
    #expect(load.event.source == .perfMap && !load.isRundown)
    // Between the last round in which it was missing and the file's last change.
    #expect(
      load.event.since <= trace_monotonic_ns() && load.event.since - load.event.doubt >= began)
    #expect(load.event.doubt > 0)
    #expect(load.owner.process == CodeFileFixture.process)
    #expect(fixture.problems.isEmpty)
  }

  @Test func whatAnOlderProcessHadAlreadyIsOfTheSessionsStart() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 old\n", isRundown: true)
    map.write("2000 20 new\n")
    fixture.read()
    #expect(fixture.output.names == ["old", "new"])
    let (old, new) = (fixture.output.loads[0], fixture.output.loads[1])
    #expect(old.isRundown && old.event.since == fixture.follower.shared.startNanoseconds)
    #expect(!new.isRundown && new.event.since > old.event.since)
  }

  /// The process ends between the look at it and the reading: what was read may be another's, until
  /// the notice of the end states the time.
  @Test(arguments: [false, true]) func whatIsReadWhenTheProcessHasEndedIsNotTaken(
    isRewritten: Bool
  ) throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 a\n")
    if isRewritten { map.cut(to: 0) }
    map.write("2000 20 b\n3000 20 c\n")
    var looks = 0
    fixture.follower.shared.isAbsent = { _ in
      looks += 1
      return looks > 1
    }
    fixture.read()
    #expect(looks == 2 && fixture.output.names == ["a"])
    fixture.follower.shared.isAbsent = { _ in false }
    fixture.read()
    #expect(fixture.output.names == ["a", "b", "c"])
    fixture.end()
    #expect(fixture.problems.count == (isRewritten ? 1 : 0))
  }

  /// Data that others keep adding to a map delays neither the end of the session nor that of the
  /// process.
  @Test(arguments: [true, false]) func aMapThatGrowsForEverEndsWithItsProcess(
    _ isSessionsEnd: Bool
  ) throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 first\n")
    // More than one round reads of a file, and each line read causes another one to be written.
    let line = "2000 20 " + String(repeating: "x", count: 4000) + "\n"
    let count = CodeFileLimits.roundBytes / 4000 + 100
    map.write(String(repeating: line, count: count))
    fixture.output.onLoad = { map.write(line) }
    if isSessionsEnd {
      fixture.follower.stop(deadline: trace_monotonic_ns() + 3_000_000_000)
    } else {
      fixture.tell(.ended)
      for _ in 0..<10 where fixture.follower.round() {}
    }
    #expect(fixture.output.names.count == 1 + count)
    #expect(fixture.output.files.count == 1)
    #expect(fixture.problems.isEmpty)
  }

  @Test func aMapThatIsCutOffIsReadAgain() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 a\n2000 20 b\n")
    map.cut(to: 0)
    map.write("3000 20 c\n")
    fixture.read()
    #expect(fixture.output.names == ["a", "b", "c"])
    fixture.end()
    #expect(fixture.problems.count == 1)
    #expect(fixture.problems[0].hasPrefix(map.path + " was truncated while it was read"))
  }

  @Test func aMapThatIsWrittenAnewAndLongerIsReadFromItsStart() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 a\n2000 20 b\n")
    map.cut(to: 0)
    map.write("3000 20 x\n4000 20 y\n5000 20 z\n")
    fixture.read()
    #expect(fixture.output.names == ["a", "b", "x", "y", "z"])
    fixture.end()
    #expect(fixture.problems.count == 1)
    #expect(fixture.problems[0].contains("was rewritten"))
  }

  /// The next process with the same pid finds the file of the previous one, and may append to it.
  @Test func whatAProcessLeftIsNotTheNextOnes() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 a\n")
    map.write("2000 20 b\n")
    for process: UInt32 in [100, 101, 102] {
      fixture.follower.take(
        CodeFileNotice(
          kind: .mayHaveMap, pid: fixture.pid, process: process, ticks: trace_ticks(),
          isRundown: false))
      // The second process ends before its files are read.
      if process != 101 { fixture.read() }
    }
    #expect(fixture.output.names == ["a", "b"])
    map.write("3000 20 c\n")
    fixture.read()
    #expect(fixture.output.names == ["a", "b", "c"])
    let owners = fixture.output.loads.map(\.owner.process)
    #expect(owners == [CodeFileFixture.process, CodeFileFixture.process, 102])
    #expect(fixture.problems.isEmpty)
  }

  /// The previous process's map was not found before that process ended.
  @Test func whatWasWrittenWhileTheNumberChangedIsNotTheNextOnes() throws {
    let fixture = try CodeFileFixture()
    fixture.tell(.mayHaveMap)
    fixture.read()
    let map = try fixture.map("1000 20 a\n")
    let start = try #require(ProcessPlace(pid: fixture.pid).startNanoseconds)
    let (seconds, rest) = (start + 10_000_000).quotientAndRemainder(dividingBy: 1_000_000_000)
    let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
    #expect(utimensat(AT_FDCWD, map.path, [time, time], 0) == 0)
    fixture.follower.take(
      CodeFileNotice(
        kind: .mayHaveMap, pid: fixture.pid, process: 100, ticks: trace_ticks(),
        isRundown: false))
    fixture.read()
    #expect(!fixture.output.loads.contains { $0.owner.process == 100 })
  }

  /// The next process rewrites the file, so all of its content belongs to that process, whatever
  /// its size.
  @Test(arguments: [true, false]) func whatTheNextProcessWritesAnewIsItsOwn(isSeen: Bool) throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 a\n2000 20 b\n")
    let next = CodeFileNotice(
      kind: .mayHaveMap, pid: fixture.pid, process: 100, ticks: trace_ticks(), isRundown: false)
    if isSeen { fixture.follower.take(next) }
    map.cut(to: 0)
    map.write("3000 20 x\n4000 20 y\n5000 20 z\n")
    if !isSeen { fixture.follower.take(next) }
    fixture.read()
    let own = fixture.output.loads.filter { $0.owner.process == 100 }
    #expect(own.map(\.event.name) == ["x", "y", "z"])
  }

  @Test func aMapThatIsReplacedIsFollowedUnderItsName() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 a\n")
    map.write("2000 20 b\n")
    let other = try WrittenFile(fixture.sleeper.mapPath + ".new")
    other.write("3000 20 c\n")
    #expect(rename(other.path, map.path) == 0)
    fixture.read()
    #expect(fixture.output.names == ["a", "b", "c"])
    other.write("4000 20 d\n")
    fixture.read()
    #expect(fixture.output.names.last == "d")
  }

  @Test func theEndIsReadAfterTheProcessEvenIfTheMapHasNoNameAnyMore() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.followedMap("1000 20 a\n")
    map.write("2000 20 b\n3000 20 torn")
    unlink(map.path)
    fixture.end()
    #expect(fixture.output.names == ["a", "b", "torn"])
    #expect(fixture.output.loads[1].owner.endTicks != nil)
    let file = try #require(fixture.output.files.first)
    #expect(file.source == .perfMap && file.entries >= 2 && file.path == map.path)
    #expect(fixture.follower.isIdle)
  }

  @Test func whatAnotherProcessLeftBehindIsNotRead() throws {
    let fixture = try CodeFileFixture()
    let map = try fixture.map("1000 20 stale\n")
    var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec()]
    times[1] = times[0]
    #expect(utimensat(AT_FDCWD, map.path, times, 0) == 0)
    fixture.tell(.mayHaveMap)
    fixture.end()
    #expect(fixture.output.names.isEmpty)
  }

  @Test func aMapWithoutEntriesIsGivenUp() throws {
    let wasteBytes = 2 << 20
    let fixture = try CodeFileFixture(wasteBytes: UInt64(wasteBytes))
    let map = try fixture.map("1000 20 a\n")
    map.skip(wasteBytes + (1 << 20))
    map.write("\n2000 20 b\n")
    fixture.tell(.mayHaveMap)
    fixture.end()
    #expect(fixture.output.names == ["a"])
    #expect(fixture.problems.contains { $0.contains("announce no code") })
  }

  @Test func namesAreCut() throws {
    let fixture = try CodeFileFixture()
    _ = try fixture.followedMap("1000 20 " + String(repeating: "x", count: 9000) + "\n")
    #expect(fixture.output.names.map(\.utf8.count) == [CodeFileLimits.nameBytes])
  }

  /// Runs rounds until the condition is true; searches for a missing file have pauses.
  private func waitForRounds(
    _ fixture: CodeFileFixture, until isSo: (RecordingCodeOutput) -> Bool
  ) throws {
    try waitUntil("all is read: \(fixture.output.names)") {
      fixture.read()
      return isSo(fixture.output)
    }
  }
}
