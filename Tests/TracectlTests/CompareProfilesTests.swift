import Foundation
import TestSupport
import Testing

/// `compare` of profiles that are no CPU time, under their own units.
@Suite struct CompareProfilesTests {
  private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Fuzz/Corpus/import").standardized.path
  private static let heap = corpus + "/go-heap.pb.gz"
  private let scratch = TemporaryDirectory()

  private func json(_ arguments: [String]) throws -> [String: Any] {
    let run = try RunningTool(["compare"] + arguments + ["-format", "json"]).wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  private func functions(_ json: [String: Any]) throws -> [String: [String: Any]] {
    let rows = try #require(json["functions"] as? [[String: Any]])
    return Dictionary(
      rows.map { ($0["function"] as? String ?? "?", $0) }, uniquingKeysWith: { one, _ in one })
  }

  /// The functions' own amounts are those of `go tool pprof`, of each type of the profile.
  @Test(
    .needs(.program("go")),
    arguments: [
      ("inuse_space", "B", "bytes"), ("alloc_space", "B", "bytes"),
      ("alloc_objects", "count", "sum"),
    ]) func amountsAreThoseOfPprof(type: String, unit: String, name: String) throws
  {
    let text = try TestSupport.ChildProcess.output(
      of: "go",
      [
        "tool", "pprof", "-top", "-nodefraction=0", "-nodecount=500", "-unit=\(unit)",
        "-sample_index=\(type)", Self.heap,
      ])
    var expected: [String: Double] = [:]
    for line in text.split(separator: "\n").drop(while: { !$0.contains("flat%") }).dropFirst() {
      let cells = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard cells.count == 6, let flat = Double(cells[0].prefix { $0.isNumber || $0 == "." })
      else { continue }
      let function = cells[5].replacing(" (inline)", with: "")
        .replacing(" (partial-inline)", with: "").trimmingCharacters(in: .whitespaces)
      expected[function] = flat
    }
    #expect(expected.count > 5, "\(text)")
    let shown = type == "inuse_space" ? [] : ["-weight", type]
    let found = try json([Self.heap, Self.heap] + shown)
    #expect(found["unit"] as? String == name && found["sum_of"] as? String == type)
    #expect(found["per"] as? String == "run")
    let rows = try functions(found)
    for (function, flat) in expected where flat > 0 {
      let exclusive = try #require(rows[function]?["exclusive"] as? [String: Any], "\(function)")
      #expect(exclusive["base"] as? Double == flat, "\(function)")
      #expect(exclusive["verdict"] as? String == "not distinguishable")
    }
    let tree = try #require(found["tree"] as? [[String: Any]])
    #expect(tree.allSatisfy { $0["base_inclusive"] as? Double == $0["new_inclusive"] as? Double })
  }

  @Test func textHasTheUnit() throws {
    let run = try ToolRun("compare", Self.heap, Self.heap)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains("inuse_space  ") && run.output.contains("MB"), "\(run.output)")
    #expect(run.output.contains("What changed, per run"))
    #expect(run.output.contains("nothing tells the noise"))
    #expect(!run.output.contains("CPU time") && !run.output.contains(" ns "), "\(run.output)")
    let objects = try ToolRun("compare", Self.heap, Self.heap, "-weight", "alloc_objects")
    #expect(objects.output.contains("differ in exclusive alloc_objects"), "\(objects.output)")
    let table = try ToolRun("compare", Self.heap, Self.heap, "-format", "csv")
    #expect(table.lines.first?.contains("exclusive_base,exclusive_new,") == true)
  }

  private func folded(_ name: String, _ text: String) throws -> String {
    let path = "\(scratch.path)/\(name).txt"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// One file a side tells no noise; several do.
  @Test func foldedStacksAreCompared() throws {
    let base = try folded("a", "main;f 100\nmain;g 50\n")
    let new = try folded("b", "main;f 200\nmain;g 50\n")
    let one = try functions(try json([base, new]))
    let f = try #require(one["f"]?["exclusive"] as? [String: Any])
    let g = try #require(one["g"]?["exclusive"] as? [String: Any])
    #expect(f["base"] as? Double == 100 && f["new"] as? Double == 200)
    #expect(f["verdict"] as? String == "unknown" && f["low_percent"] is NSNull)
    #expect(g["verdict"] as? String == "not distinguishable")
    let sides = try (0..<6).map { number in
      try folded(
        "c\(number)",
        "main;f \(number < 3 ? 1000 + number : 1400 + number)\nmain;g \(500 + number % 3)\n")
    }
    let several = try functions(
      try json(["-base"] + sides[..<3] + ["-new"] + sides[3...]))
    let exclusive = try #require(several["f"]?["exclusive"] as? [String: Any])
    #expect(exclusive["verdict"] as? String == "higher", "\(exclusive)")
    let low = try #require(exclusive["low_percent"] as? Double)
    let high = try #require(exclusive["high_percent"] as? Double)
    #expect(low < 40.1 && high > 40.1 && low > 30 && high < 50, "\(low) \(high)")
    let other = try #require(several["g"]?["exclusive"] as? [String: Any])
    #expect(other["verdict"] as? String == "not distinguishable", "\(other)")
  }

  @Test func differentQuantitiesAreRefused() throws {
    let (cpu, fixture) = (Self.corpus + "/go-cpu.pb.gz", try TraceFixture())
    try expectOneSentence(of: [
      (["compare", cpu, Self.heap], 65, "shows CPU time, and"),
      (["compare", cpu, Self.heap, "-weight", "inuse_space"], 64, "inuse_space"),
      (["compare", try fixture.small(), Self.heap, "-weight", "x"], 64, "requires -event"),
    ])
  }

  /// The samples of a profile have no times, and so there is no number of busy CPUs.
  @Test func profilesHaveNoRate() throws {
    let run = try ToolRun("stacks", Self.corpus + "/go-cpu.pb.gz")
    #expect(run.exitCode == 0 && run.output.contains("CPU time"), "\(run.errors)")
    for word in ["busy", " Hz", "from 0.000 s"] { #expect(!run.output.contains(word), "\(word)") }
    let heap = try ToolRun("stacks", Self.heap, "-weight", "alloc_space")
    #expect(heap.output.contains("weighted by alloc_space"), "\(heap.output)\(heap.errors)")
  }
}
