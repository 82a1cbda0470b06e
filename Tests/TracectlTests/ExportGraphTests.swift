import Foundation
import TestSupport
import Testing

/// `tracectl export` as a flame graph and as folded stacks.
@Suite struct ExportGraphTests {
  private let fixture: TraceFixture
  private let path: String
  private static let hostile = "a\"<script>alert(1)</script>&'\u{1b}"

  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("graph.etl")
    try Self.write(path, pid: 7, weights: [300, 100])
  }

  private static func write(_ path: String, pid: UInt32, weights: [UInt64]) throws {
    var trace = try SampledTrace(path: path)
    trace.process(pid, "/bin/\(hostile.replacing("/", with: ""))")
    for (number, weight) in weights.enumerated() {
      let kernel: [UInt64] = number == 0 ? [] : [0x9000_0000_0000_0000]
      trace.sample(
        at: UInt64(number + 1), pid: pid, stack: kernel + [0x10], weight: weight * 1_000_000)
    }
    try trace.finish()
  }

  private func svg(_ options: String...) throws -> String {
    let out = fixture.path("g.svg")
    let run = try RunningTool(["export", path, "-o", out] + options).wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    return try String(contentsOfFile: out, encoding: .utf8)
  }

  @Test func namesAreText() throws {
    let svg = try svg()
    #expect(svg.contains("a&quot;&lt;script&gt;alert(1)&lt;script&gt;&amp;&#39;\\x1b"), "\(svg)")
    #expect(svg.matches(of: /<script>/).count == 1)
    #expect(!svg.contains("\u{1b}") && !svg.contains("http://127") && !svg.contains("src="))
    // The only address is the name of the format.
    #expect(svg.matches(of: /https?:\/\//).count == 1)
  }

  @Test func boxesHaveTheShares() throws {
    let boxes = try svg().matches(of: /data-x="([\d.]+)" data-w="([\d.]+)" data-d="(\d)"/)
    let found = boxes.map { "\($0.output.1) \($0.output.2) \($0.output.3)" }
    #expect(
      found.sorted() == ["0.0 0.25 3", "0.0 1.0 0", "0.0 1.0 1", "0.0 1.0 2"], "\(found)")
  }

  @Test func changesHaveColors() throws {
    let base = fixture.path("base.etl")
    // Another process id is the same process.
    try Self.write(base, pid: 99, weights: [300, 300])
    let svg = try svg("-base", base)
    #expect(svg.contains("25.0 %; before 50.0 %"), "\(svg)")
    #expect(svg.contains("hsl(214,80%,70%)"), "\(svg)")
    #expect(svg.contains("#ececf0"))
  }

  @Test(.needs(.program("xmllint"))) func theFileIsXML() throws {
    _ = try svg()
    try TestSupport.ChildProcess("xmllint", ["--noout", fixture.path("g.svg")]).succeed()
  }

  @Test func foldedStacksAreThoseOfStacks() throws {
    let exported = try ToolRun("export", path, "-format", "folded")
    let stacks = try ToolRun("stacks", path, "-format", "folded")
    #expect(exported.exitCode == 0 && exported.output == stacks.output, "\(exported.errors)")
  }
}
