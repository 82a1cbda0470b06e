import Foundation
import TestSupport
import Testing

@testable import tracectl

/// An option that cannot take effect is an error, and so is output that cannot be written.
@Suite struct OptionTests {
  private let fixture: TraceFixture
  private let trace: String
  private let samples: String

  init() throws {
    fixture = try TraceFixture()
    trace = try fixture.small()
    samples = fixture.path("samples.etl")
    var writer = try SampledTrace(path: samples)
    writer.process(10, "/usr/bin/shop")
    writer.sample(at: 1000, pid: 10, stack: [0x5010])
    try writer.finish()
  }

  @Test func stacksSaysWhichOptionChangesNothing() throws {
    var cases: [WrongArguments] = []
    for option in [
      ["-top", "3"], ["-inclusive"], ["-by-name"], ["-tree"], ["-threshold", "5"], ["-wide"],
      ["-callers", "x"], ["-callees", "x"],
    ] {
      cases.append(
        (["stacks", samples, "-format", "folded"] + option, 64, "omit \(option[0])"))
    }
    cases += [
      (["stacks", samples, "-format", "json", "-wide"], 64, "omit -wide"),
      (["stacks", samples, "-o", fixture.path("x.json"), "-wide"], 64, "omit -wide"),
      (["stacks", samples, "-tree", "-top", "3"], 64, "add -by-name"),
      (["stacks", samples, "-callers", "x", "-inclusive"], 64, "add -by-name"),
      (["stacks", samples, "-by-name", "-threshold", "5"], 64, "add -tree"),
      (["stacks", samples, "-weight", "x"], 64, "-weight requires -event"),
      (["stacks", trace, "-event", "OrderPlaced", "-weight", "customer"], 64, "is string"),
      (["stacks", trace, "-event", "GCStart", "-weight", "reason"], 64, "is GCReason"),
    ]
    try expectOneSentence(of: cases)
  }

  @Test func whatTakesEffectIsTaken() throws {
    for options in [
      ["-by-name", "-top", "3", "-inclusive"], ["-tree", "-threshold", "5"],
      ["-tree", "-by-name", "-top", "1"],
      ["-wide"], ["-format", "json", "-top", "1", "-threshold", "0"],
      ["-format", "folded", "-threads"],
    ] {
      let run = try RunningTool(["stacks", samples] + options).wait()
      #expect(run.exitCode == 0 && run.output != "", "\(options): \(run.errors)")
    }
  }

  @Test func othersSayItToo() throws {
    try expectOneSentence(
      of: [
        (["dump", trace, "-utc", "-format", "json"], 64, "omit -utc"),
        (["dump", trace, "-hold", "1s"], 64, "add -follow"),
        (["dump", "-", "-follow"], 64, "give the file's name"),
        (["recover", "-"], 64, "give the name of the unfinished trace"),
        (["providers", "-fields", "-format", "json"], 64, "JSON always has the fields"),
        (["collect", "-providers", "GC", "-no-symbols", "--", "true"], 64, "no stacks were asked"),
        (["collect", "-providers", "GC", "-process", "", "--", "true"], 64, "names no program"),
        (["collect", "-providers", "GC", "-process", ",", "--", "true"], 64, "names no program"),
        (["collect", "-providers", "GC", "-children", "--", "true"], 64, "omit it"),
        (["collect", "-providers", "GC", "-unwind", "dwarf", "--", "true"], 64, "add CPU"),
      ], in: fixture.directory)
  }

  /// For all output, `| head` is not a failure, but a full disk is.
  @Test(arguments: [
    "help", "-help", "-version", "help collect", "stacks -help", "doctor", "providers",
    "info TRACE", "verify TRACE", "dump TRACE", "stacks SAMPLES", "symbols SAMPLES",
    "doctor -format json", "dump TRACE -format csv",
  ])
  func aFullDiskIsAFailure(command: String) throws {
    let line = command.replacing("TRACE", with: "'\(trace)'").replacing(
      "SAMPLES", with: "'\(samples)'")
    let environment = ["TRACE_RUNTIME_DIR": fixture.path("run")]
    let full = try ToolRun(shell: "\"$tracectl\" \(line) >/dev/full", environment: environment)
    #expect(full.exitCode == 74, "\(full.errors)")
    #expect(
      full.errors.contains("cannot write to standard output: No space left"), "\(full.errors)")
    // The advice does not suggest an option that the command lacks.
    #expect(
      full.errors.contains("with -o") == !(command.contains("help") || command == "-version"))
    let gone = try ToolRun(
      shell: "\"$tracectl\" \(line) | true; exit ${PIPESTATUS[0]}", environment: environment)
    #expect([0, 69].contains(gone.exitCode), "\(gone.errors)")
  }

  /// From a pipe and from a file, at its start or not.
  @Test(arguments: ["cat TRACE |", "exec < TRACE; cat >/dev/null;", "exec < TRACE;"])
  func aTraceIsReadFromStandardInput(how: String) throws {
    let input = how.replacing("TRACE", with: "'\(trace)'")
    let expected = try ToolRun("dump", trace)
    let run = try ToolRun(shell: "\(input) \"$tracectl\" dump -")
    #expect(run.exitCode == 0 && run.output == expected.output, "\(run.errors)")
    for command in ["info", "verify"] {
      let run = try ToolRun(shell: "\(input) \"$tracectl\" \(command) -")
      #expect(run.exitCode == 0 && run.output.contains("standard input"), "\(run.errors)")
    }
  }

  @Test func whatIsNoTraceInStandardInputIsSaid() throws {
    for (input, code, says) in [
      ("echo no trace |", 65, "standard input is not a trace file"), ("", 65, "standard input is"),
      ("TMPDIR=/no/such", 66, "a temporary file in /no/such"),
    ] as [(String, Int32, String)] {
      let pipe = input.hasPrefix("TMPDIR") ? "echo x | " : ""
      let run = try ToolRun(shell: "\(pipe)\(input) \"$tracectl\" dump -")
      #expect(run.exitCode == code, "\(run.errors)")
      #expect(run.errors.contains(says), "\(run.errors)")
    }
  }

  /// The time exceeds 2^53, so it is also written as text; CSV does not escape a formula's
  /// characters.
  @Test func momentsAndFormulasAsDocumented() throws {
    let line = try #require(try ToolRun("dump", trace, "-format", "json").lines.first)
    #expect(
      line.contains("\"unix_ns\":1700000000000001000,\"utc\":\"2023-11-14T22:13:20.000001000Z\""))
    let info = try ToolRun("info", trace, "-format", "json").output
    #expect(info.contains("\"start_unix_ns\":\"1700000000000000000\""))
  }
}
