import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

@Suite struct StacksTests {
  let fixture: TraceFixture
  let path: String

  /// Two processes, two threads; five samples with stacks and one without, a loss, a GC event.
  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("samples.etl")
    var trace = try SampledTrace(path: path)
    trace.process(10, "/usr/bin/java")
    trace.process(20, "/bin/sh")
    trace.sample(at: 1_000_000, pid: 10, stack: [0x1000, 0x2000, 0x3000])
    trace.sample(at: 2_000_000, pid: 10, stack: [0x1000, 0x2000, 0x3000])
    trace.sample(at: 3_000_000, pid: 10, tid: 11, stack: [0x2000, 0x3000])
    trace.sample(at: 4_000_000, pid: 20, stack: [0xffff_ffff_8100_0000, 0x9000])
    trace.sample(at: 5_000_000, pid: 20, stack: [])
    trace.add(
      GCStart(count: 1, depth: 0, reason: .allocSmall), at: 6_000_000, pid: 10, stack: [0x1000])
    trace.writer.loss(
      LossRecord(
        stream: 0, cpu: 0, cause: .bufferFull, count: 5, fromTicks: SampledTrace.start,
        toTicks: SampledTrace.start + 1))
    try trace.finish()
  }

  func folded(_ options: String...) throws -> [String: Int] {
    let run = try RunningTool(["stacks", path, "-format", "folded"] + options).wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.errors == "")
    return Dictionary(
      uniqueKeysWithValues: run.lines.map { line in
        let space = line.lastIndex(of: " ")!
        return (String(line[..<space]), Int(line[line.index(after: space)...])!)
      })
  }

  @Test func theHeadingSaysWhatThereIsAndWhatIsNot() throws {
    let run = try ToolRun("stacks", path)
    #expect(run.exitCode == 0)
    #expect(run.errors == "")
    for text in [
      "stacks of CPU samples", "5 in 4.000 ms (from 0.001 s to 0.005 s), at 1000 Hz", "0.005 s",
      "java (10) 60.0 %, sh (20) 40.0 %; 3 threads",
      "*** 5 EVENTS LOST (45.45 %): buffer full 5 ***",
      "20.0 % have no stack", "Functions", "Call tree", "Process java (10)",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func filters() throws {
    func count(_ options: String...) throws -> Int {
      let run = try RunningTool(["stacks", path, "-format", "folded"] + options).wait()
      #expect(run.exitCode == 0, "\(options): \(run.errors)")
      return run.lines.reduce(0) { $0 + Int($1.split(separator: " ").last!)! }
    }
    #expect(try count() == 5)
    #expect(try count("-process", "java") == 3)
    #expect(try count("-process", "J*,99") == 3)
    #expect(try count("-process", "20") == 2)
    #expect(try count("-pid", "10") == 3)
    #expect(try count("-tid", "11") == 1)
    #expect(try count("-from", "2ms", "-to", "4ms") == 3)
    #expect(try count("-include", "Process sh") == 2)
    #expect(try count("-exclude", "[k]") == 4)
    #expect(try count("-event", "GCStart") == 1)
    #expect(try count("-event", "GCStart", "-weight", "count") == 1)
  }

  @Test func patternsShapeTheStacks() throws {
    let grouped = try folded("-group", "^Process {%}->all of $1", "-group", "!->code")
    #expect(grouped == ["all of java;code": 3, "all of sh;code": 1, "all of sh": 1])
    let threads = try folded("-threads", "-fold", "!")
    #expect(
      threads == [
        "java (10);Thread (10)": 2, "java (10);Thread (11)": 1, "sh (20);Thread (20)": 2,
      ])
  }

  @Test func whatIsShownCanBeChosen() throws {
    let names = try ToolRun("stacks", path, "-by-name", "-top", "1")
    #expect(names.output.contains("Functions"))
    #expect(!names.output.contains("Call tree"))
    let tree = try ToolRun("stacks", path, "-tree", "-threshold", "50")
    #expect(!tree.output.contains("Functions,"))
    #expect(tree.output.contains("Process java") && !tree.output.contains("Process sh"))
    let callers = try ToolRun("stacks", path, "-callers", "[k]", "-callees", "Process java")
    #expect(callers.output.contains("Callers of [k]:"))
    #expect(callers.output.contains("Callees of Process java:"))
    let shown = try ToolRun("stacks", path, "-include", "Process sh")
    #expect(shown.output.contains("2 (40.0 %), which count as 100 % below"))
  }

  @Test func whatIsWrongIsOneSentence() throws {
    let small = try fixture.small()
    try expectOneSentence(of: [
      (["stacks", small], 65, "has no CPU samples; collect with -providers CPU"),
      (["stacks", "/etc/passwd"], 65, "not a trace file"),
      (["stacks", path, "-include", "{x"], 64, "'{' without a '}'"),
      (["stacks", path, "-include", "nowhere"], 64, "none of the 5 stacks matches the patterns"),
      (["stacks", path, "-process", "perl"], 64, "none of the 5 CPU samples"),
      (["stacks", path, "-event", "GCStrat"], 64, "did you mean 'GCStart'"),
      (["stacks", path, "-event", "GCStart", "-weight", "x"], 64, "has no field 'x'"),
      (["stacks", path, "-weight", "x"], 64, "-weight requires -event"),
      (["stacks", path, "-wall", "-event", "GCStart"], 64, "-event changes nothing"),
      (["stacks", path, "-wall", "-weight", "x"], 64, "-weight changes nothing"),
      (["stacks", path, "-wall"], 65, "has no context switches"),
      (["chain", path, "-tid", "1"], 65, "has no context switches"),
      (["chain", path], 64, "-tid"),
      (["stacks", path, "-callers", "nothing"], 64, "no function matches 'nothing'"),
      (["stacks", path, "-from", "2s", "-to", "1s"], 64, "-from is after -to"),
      (["stacks", path, "-threshold", "200"], 64, "-threshold"),
      (["stacks", path, "-format", "svg"], 64, "svg"),
    ])
  }

  @Test func aBrokenPipeIsQuietAndAFullDiskIsNot() throws {
    let pipe = try ToolRun(shell: "\"$tracectl\" stacks '\(path)' | head -n 1")
    #expect(pipe.exitCode == 0)
    #expect(pipe.errors == "")
    let full = try ToolRun(shell: "\"$tracectl\" stacks '\(path)' > /dev/full")
    #expect(full.exitCode == 74)
    #expect(full.errors.contains("No space left on device"))
  }

  @Test func aCutFileIsReadAsFarAsItGoes() throws {
    let long = fixture.path("long.etl")
    var options = TraceWriter.Options()
    options.blockEvents = 1000
    var trace = try SampledTrace(path: long, options: options)
    for number in 0..<10_000 {
      trace.sample(at: UInt64(number) * 1000, pid: 1, stack: [UInt64(number % 7), 100])
    }
    try trace.finish()
    let whole = try #require(FileManager.default.contents(atPath: long))
    let cut = fixture.path("cut.etl")
    _ = FileManager.default.createFile(atPath: cut, contents: whole.prefix(whole.count / 2))
    let run = try ToolRun("stacks", cut)
    #expect(run.exitCode == 65)
    #expect(run.errors.contains("cut or damaged"))
    #expect(run.output.contains("Call tree"))
  }
}
