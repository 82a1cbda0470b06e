import Foundation
import Glibc
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

@Suite struct DumpTests {
  let fixture: TraceFixture
  let small: String

  init() throws {
    fixture = try TraceFixture()
    small = try fixture.small()
  }

  @Test func textIsALineAnEventInTimeOrder() throws {
    let run = try ToolRun("dump", small)
    #expect(run.errors == "")
    #expect(run.exitCode == 0)
    #expect(
      run.output
        == #"""
              0.000001000  cpu 0  pid 1234 tid 1240  Runtime/GCStart  count=1 depth=0 \#
        reason=AllocSmall type=NonConcurrent clientSequenceNumber=0
              0.000002000  cpu 1  pid 1300 tid 1301  Shop/OrderPlaced  id=7 \#
        customer="Ann \"\x1b[31m\n"
              0.000003000  cpu 0  pid 1234 tid 1240  Runtime/GCEnd  count=1 depth=0
              0.000004000  cpu 1  *** LOST 12 events: buffer full, since 0.000002500 ***
              0.000005000  cpu 0  pid 1234 tid 1240  Runtime/GCStart  count=2 depth=2 reason=77 \#
        type=NonConcurrent clientSequenceNumber=0  stack=[0x7f000010 (events lost) <- \#
        0x7f000020 (events lost)]
              2.000000000  cpu 1  pid 1300 tid 1301  Shop/OrderPlaced  [rundown]  id=8 \#
        customer="Bob, Jr."

        """#.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.hasPrefix("      ") ? $0.dropFirst(2) : $0 }.joined(separator: "\n"))
  }

  @Test func jsonIsAnObjectALine() throws {
    let run = try ToolRun("dump", small, "-format", "json")
    let objects = try run.lines.map { line in
      try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    #expect(
      objects.compactMap { $0["time_ns"] as? Int } == [1000, 2000, 3000, 4000, 5000, 2_000_000_000])
    #expect(objects[0]["unix_ns"] as? Int == 1_700_000_000_000_001_000)
    #expect(objects[3]["lost"] as? Int == 12)
    #expect(
      (objects[1]["fields"] as? [String: Any])?["customer"] as? String == "Ann \"\u{1b}[31m\n")
    #expect(objects[4]["stack"] as? [String] == ["0x7f000010", "0x7f000020"])
    #expect(objects[5]["rundown"] as? Bool == true)
  }

  @Test func csvIsATable() throws {
    let run = try ToolRun("dump", small, "-format=csv")
    let lines = run.output.split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.count == 8)
    #expect(lines[0].hasSuffix(",count,depth,reason,type,clientSequenceNumber,id,customer"))
    #expect(lines[6].hasSuffix(",Shop,OrderPlaced,1,,,,,,,,,8,\"Bob, Jr.\""))
  }

  @Test(arguments: [
    (["-provider", "shop"], 3), (["--event", "GC*"], 4), (["-pid", "1234"], 4),
    (["-p1300"], 3), (["-tid", "1240,1301"], 6), (["-tid", "1"], 1), (["-limit", "2"], 2),
    (["-limit", "0"], 0), (["-from", "3us", "-to", "5us"], 3), (["-from", "1"], 1),
    (["-event", "GCEnd", "-event", "Shop/*"], 4),
  ])
  func filters(options: [String], lines: Int) throws {
    let run = try RunningTool(["dump", small] + options).wait()
    #expect(run.exitCode == 0)
    #expect(run.errors == "")
    #expect(run.lines.count == lines, "\(run.output)")
  }

  @Test func aPipeThatBreaksEndsItQuietly() throws {
    let large = try fixture.large(count: 200_000)
    let run = try ToolRun(shell: "\"$tracectl\" dump '\(large)' | head -n 1")
    #expect(run.exitCode == 0)
    #expect(run.errors == "")
    #expect(run.lines.count == 1)
  }

  @Test func everyEventOfManyBlocksComesInOrder() throws {
    let large = try fixture.large(count: 10_500)
    let run = try ToolRun("dump", large)
    #expect(run.exitCode == 0)
    let numbers = run.lines.compactMap { line in
      line.split(separator: " ").first { $0.hasPrefix("count=") }.flatMap { Int($0.dropFirst(6)) }
    }
    #expect(numbers == Array(0..<10_500))
  }

  @Test func whatIsWrongIsOneSentence() throws {
    try expectOneSentence(of: [
      (["dump", "/etc/passwd"], 65, "/etc/passwd is not a trace file"),
      (["dump", fixture.path("none.etl")], 66, "No such file"),
      (["dump", fixture.directory], 74, "directory"),
      (["dump", small, "-event", "GCStrat"], 64, "did you mean 'GCStart'"),
      (["dump", small, "-provider", "Shpo"], 64, "did you mean 'Shop'"),
      (["dump", small, "-from", "2s", "-to", "1s"], 64, "-from is after -to; swap them"),
      (["dump", small, "-from", "soon"], 64, "soon"),
      (["dump", small, "-hold", "1s"], 64, "-hold requires -follow"),
      (["dump", small, "-follow", "-hold", "1s", "-no-stacks"], 64, "-hold waits for names"),
      (["dump", small, "-formt", "json"], 64, "--format"),
      (["dump"], 64, "<file>"),
      (["dmup", small], 64, "did you mean 'dump'"),
    ])
  }

  @Test func aReportIsNotWrittenThroughALinkThatAnotherUserMayHavePlaced() throws {
    let place = fixture.path("shared")
    try #require(mkdir(place, 0o700) == 0 && chmod(place, 0o1777) == 0)
    let victim = fixture.path("victim")
    try "precious".write(toFile: victim, atomically: true, encoding: .utf8)
    try #require(symlink(victim, place + "/link") == 0)
    let run = try ToolRun("dump", small, "-o", place + "/link")
    #expect(run.exitCode == 73)
    #expect(run.errors.contains("is a symbolic link in a directory that others may write to"))
    #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
    // In a directory of the user's own, a link is the user's, and old content goes.
    let own = fixture.path("own")
    try #require(symlink(victim, own) == 0)
    #expect(try ToolRun("info", small, "-o", own).exitCode == 0)
    #expect(try ToolRun("verify", small, "-o", own).exitCode == 0)
    let text = try String(contentsOfFile: victim, encoding: .utf8)
    #expect(text.contains(": ok: ") && text.split(separator: "\n").count == 1)
  }

  @Test func aFullDiskIsSaid() throws {
    let run = try ToolRun(shell: "\"$tracectl\" dump '\(small)' > /dev/full")
    #expect(run.exitCode == 74)
    #expect(run.errors.contains("No space left on device"))
  }

  @Test func aCutFileIsReadAsFarAsItGoes() throws {
    let large = try fixture.large(count: 5000)
    let whole = try #require(FileManager.default.contents(atPath: large))
    let cut = fixture.path("cut.etl")
    _ = FileManager.default.createFile(atPath: cut, contents: whole.prefix(whole.count / 2))
    let run = try ToolRun("dump", cut)
    #expect(run.exitCode == 65)
    #expect(run.lines.count >= 1000 && run.lines.count % 1000 == 0)
    #expect(run.errors.contains("cut or damaged"))
  }

  @Test func aGrowingFileIsFollowedToItsEnd() throws {
    let path = fixture.path("growing.etl")
    var writer = try TraceWriter(path: path, session: TraceFixture.session)
    try fixture.define(in: &writer)
    writer.beginStretch(stream: 0, cpu: 0)
    fixture.append(GCEnd(count: 1, depth: 0), ref: 2, at: 1000, to: &writer)
    try writer.flush()
    let running = try RunningTool(["dump", path, "-follow"])
    try running.waitUntil { output, _ in output.contains("count=1 ") }
    try writer.define(
      ref: 9, schema: EventSchema(provider: "Late", id: 1, name: "Came", fields: []))
    fixture.append(GCEnd(count: 2, depth: 0), ref: 2, at: 2000, to: &writer)
    try writer.flush()
    try running.waitUntil { output, _ in output.contains("count=2 ") }
    fixture.append(GCEnd(count: 3, depth: 0), ref: 2, at: 3000, to: &writer)
    try writer.finish()
    let run = try running.wait()
    #expect(run.exitCode == 0)
    #expect(run.lines.count == 3)
  }
}
