import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

@Suite struct SymbolsTests {
  let fixture: TraceFixture
  let path: String

  /// An image whose symbols are in the trace, a missing one, and one with an unusual name.
  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("symbols.etl")
    var trace = try SampledTrace(path: path)
    trace.process(10, "/usr/bin/shop")
    for (base, name) in [(UInt64(0x5000), "/no/shop"), (0x8000, "/no/lib\u{1b}[31m.so")] {
      trace.add(
        ImageMap(
          baseAddress: base, size: 0x1000, fileOffset: 0, path: name,
          buildID: [0xab, UInt8(base >> 12)],
          device: 0, inode: 0), at: 0, pid: 10)
    }
    for number in 1...4 {
      trace.sample(at: UInt64(number) * 1000, pid: 10, stack: [0x5010, 0x5110])
    }
    trace.add(
      CodeFile(
        path: "/tmp/perf-10.map", source: .perfMap, entries: 7, bytes: 99,
        problems: ["has a torn last line"]), at: 8000, pid: 10)
    trace.sample(at: 9000, pid: 10, stack: [0x8010, 0x5110])
    trace.writer.define(
      symbols: ImageSymbols(
        path: "/no/shop", buildID: [0xab, 5],
        functions: [
          ImageFunction(offset: 0, size: 0x40, name: "sell"),
          ImageFunction(offset: 0x100, size: 0x40, name: "main"),
        ]))
    try trace.finish()
  }

  @Test func whatHasNamesAndWhatHasNot() throws {
    let run = try ToolRun("symbols", path)
    #expect(run.exitCode == 0)
    #expect(run.errors == "")
    for text in [
      "5 with 10 frames at 3 addresses", "90.0 % of the frames", "2 functions of 1 image",
      "100.0 %  /no/shop", "build id ab05", "names: in the trace (2 places)",
      "perf map /tmp/perf-10.map of process 10: 7 functions", "it has a torn last line",
      "unnamed: 1 frame at 1 address, image not found", "Reasons for missing names, and advice:",
      "symbol search path",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
    #expect(!run.output.contains("\u{1b}"))
  }

  @Test func onlyWhatIsMissing() throws {
    let run = try ToolRun("symbols", path, "-missing")
    #expect(run.exitCode == 0)
    #expect(!run.output.contains("/no/shop"))
    #expect(run.output.contains("/no/lib"))
  }

  @Test func asJSON() throws {
    let run = try ToolRun("symbols", path, "-format", "json")
    #expect(run.exitCode == 0)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Foundation.Data(run.output.utf8)) as? [String: Any])
    #expect(object["events"] as? Int == 5)
    #expect((object["named"] as? [String: Int]) == ["frames": 9, "addresses": 2])
    let modules = try #require(object["modules"] as? [[String: Any]])
    #expect(modules.map { $0["path"] as? String } == ["/no/shop", "/no/lib\u{1b}[31m.so"])
    #expect(modules.map { $0["buildID"] as? String } == ["ab05", "ab08"])
    let files = try #require(object["codeFiles"] as? [[String: Any]])
    #expect(files.map { $0["problems"] as? [String] } == [["has a torn last line"]])
    let unnamed = try #require(object["unnamed"] as? [[String: Any]])
    #expect(unnamed.first?["reason"] as? String == "image not found")
  }

  @Test func whatIsWrongIsOneSentence() throws {
    let small = try fixture.large(count: 10)
    try expectOneSentence(of: [
      (["symbols", small], 65, "has no stacks"),
      (["symbols", "/etc/passwd"], 65, "not a trace file"),
      (["symbols", "/no/such/file"], 66, "No such file"),
      (["symbols", path, "-format", "svg"], 64, "svg"),
    ])
  }
}
