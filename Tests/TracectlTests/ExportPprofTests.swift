import Foundation
import TestSupport
import Testing

/// `tracectl export -format pprof`, as `go tool pprof` reads it.
@Suite(.needs(.program("go"), .program("gcc"), .program("nm"))) struct ExportPprofTests {
  private let trace: CompiledTrace
  private let profile: String

  init() throws {
    trace = try CompiledTrace()
    profile = trace.fixture.path("cpu.pb.gz")
    let run = try trace.tool("export", ["-o", profile])
    #expect(run.exitCode == 0 && run.errors == "" && run.output == "", "\(run.errors)")
  }

  private func pprof(_ arguments: String..., of profile: String? = nil) throws -> String {
    try TestSupport.ChildProcess.output(
      of: "go", ["tool", "pprof"] + arguments + [profile ?? self.profile])
  }

  /// Flat and cumulative values of each function, as `-top` has them.
  private func top(_ index: String, _ options: String...) throws -> [String: PprofValues] {
    let text = try TestSupport.ChildProcess.output(
      of: "go",
      ["tool", "pprof", "-top", "-nodefraction=0", "-edgefraction=0", "-nodecount=100000"]
        + ["-sample_index=\(index)", "-unit=ns"] + options + [profile])
    return PprofValues.parse(text)
  }

  /// The same from `stacks -format json`.
  private func functions(_ key: String) throws -> [String: PprofValues] {
    let run = try trace.tool("stacks", ["-format", "json", "-inlines", "-top", "1000"])
    let json = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    let rows = try #require(json?["functions"] as? [[String: Any]])
    var found: [String: PprofValues] = [:]
    for row in rows {
      let name = try #require(row["function"] as? String)
      found[name] = PprofValues(
        flat: row["exclusive_\(key)"] as? Int ?? -1, cum: row["inclusive_\(key)"] as? Int ?? -1)
    }
    return found
  }

  @Test func functionsHaveTheNumbersOfStacks() throws {
    let samples = try top("samples")
    #expect(samples.values.reduce(0) { $0 + $1.flat } == trace.sampleCount)
    #expect(try samples == functions("events"))
    #expect(try top("cpu") == functions("ns"))
    #expect(samples.keys.sorted() == ["twice", "work"])
  }

  @Test func linesAndInlinedCallsAreShown() throws {
    let list = try pprof("-list=work|twice", "-sample_index=samples")
    #expect(list.contains(/=== work in \/.*\/demo\.c\n/), "\(list)")
    #expect(list.contains(/=== twice in \/.*\/demo\.c\n/), "\(list)")
    #expect(list.contains("6:  int sum = twice(value) + 1;"), "\(list)")
    let peek = try pprof("-peek=twice", "-sample_index=samples")
    #expect(peek.contains("work") && peek.contains("twice"), "\(peek)")
  }

  @Test func labelsNameTheThread() throws {
    let tags = try pprof("-tags", "-sample_index=samples")
    for (key, value) in [("pid", "10"), ("process", "demo"), ("tid", "10")] {
      let pattern = try Regex("\(key): Total .*\\n.*\(value)\\b")
      #expect(tags.contains(pattern), "\(key): \(tags)")
    }
  }

  @Test func theHeadingIsThatOfTheTrace() throws {
    let raw = try pprof("-raw")
    #expect(raw.contains("PeriodType: cpu nanoseconds\nPeriod: 1000000"), "\(raw)")
    #expect(raw.contains("samples/count cpu/nanoseconds"), "\(raw)")
    #expect(raw.contains("Comment: \(trace.path): System/SampledProfile"), "\(raw)")
    #expect(raw.contains("Comment: lost none"))
    #expect(raw.contains("Time: 2023-11-14"), "\(raw)")
    #expect(raw.contains(/1: 0x0\/0x[0-9a-f]+\/0x0 \/demo .*\[FN\]\[FL\]\[LN\]\[IN\]/), "\(raw)")
  }

  @Test func profilesCanBeCompared() throws {
    let same = try top("samples", "-diff_base=\(profile)")
    #expect(same.values.allSatisfy { $0.flat == 0 && $0.cum == 0 }, "\(same)")
    let part = trace.fixture.path("part.pprof")
    let run = try trace.tool("export", ["-o", part, "-to", "3ms"])
    #expect(run.exitCode == 0, "\(run.errors)")
    let rest = try top("samples", "-base=\(part)")
    #expect(rest.values.reduce(0) { $0 + $1.flat } == trace.sampleCount - 3)
  }

  @Test func aPipeGetsTheSameBytes() throws {
    let run = try ToolRun(
      shell: "$tracectl export \(trace.path) -symbol-path \(trace.fixture.directory) "
        + "-format pprof -o - | cmp - \(profile)")
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
  }

  @Test func eventsAndTheirSumsAreExported() throws {
    let path = trace.fixture.path("ticks.etl")
    var ticks = try SampledTrace(path: path)
    ticks.process(7, "/bin/a \u{1b}[31m\"<b>")
    for number in 1...5 as ClosedRange<UInt64> {
      ticks.sample(at: number, pid: 7, tid: 8, stack: [0x10, 0x20], weight: 10 * number)
      ticks.sample(at: number, pid: 9, stack: [])
    }
    try ticks.finish()
    let out = trace.fixture.path("ticks.pb.gz")
    let run = try ToolRun(
      "export", path, "-event", "SampledProfile", "-weight", "weight", "-o", out)
    #expect(run.exitCode == 0, "\(run.errors)")
    let raw = try pprof("-raw", of: out)
    #expect(raw.contains("SampledProfile/count weight/nanoseconds"), "\(raw)")
    #expect(raw.contains(/5 +150: 1 1/) && raw.contains(/5 +5000000: 2/), "\(raw)")
    #expect(raw.contains("process:[a \\x1b[31m\"<b>]"), "\(raw)")
    #expect(raw.contains("? (never announced)") && raw.contains("[no stack]"), "\(raw)")
  }
}

/// The values of a function in a profile.
private struct PprofValues: Hashable {
  var flat: Int
  var cum: Int

  /// The rows of `-top`: flat, flat%, sum%, cum, cum%, name, and a mark of inlined functions.
  static func parse(_ text: String) -> [String: PprofValues] {
    var found: [String: PprofValues] = [:]
    for line in text.split(separator: "\n") {
      let cells = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard cells.count == 6, let flat = number(cells[0]), let cum = number(cells[3]) else {
        continue
      }
      let name = String(cells[5].drop { $0 == " " }).replacing(" (inline)", with: "")
        .replacing(" (partial-inline)", with: "")
      found[name] = PprofValues(flat: flat, cum: cum)
    }
    return found
  }

  private static func number(_ text: Substring) -> Int? {
    Int(text.hasSuffix("ns") ? text.dropLast(2) : text)
  }
}
