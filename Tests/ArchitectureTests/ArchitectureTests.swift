import Foundation
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// ARCHITECTURE.md's examples compile against the public products, work, and are short.
@Suite struct ArchitectureTests {
  private let directory = TemporaryDirectory()

  private func trace(_ body: (inout SampledTrace) -> Void) throws -> TraceFile {
    var trace = try SampledTrace(path: directory.path + "/t.etl")
    body(&trace)
    try trace.finish()
    return try TraceFile(path: directory.path + "/t.etl")
  }

  @Test func aReport() throws {
    let file = try trace { trace in
      for (time, pid) in [(UInt64(1), UInt32(7)), (2, 9), (3, 7)] {
        trace.add(GCStart(count: 1, depth: 0, reason: .allocSmall), at: time, pid: pid)
      }
    }
    let report = try CollectionsPass().report(from: Replay(file))
    #expect(report.rows.map(\.pid) == [7, 9] && report.rows.map(\.collections) == [2, 1])
    #expect(report.lost == LostEvents() && report.partial.isEmpty)
  }

  @Test func aRenderer() throws {
    let file = try trace { trace in
      trace.process(10, "/usr/bin/shop")
      for time in 1...3 { trace.sample(at: UInt64(time) * 1000, pid: 10, stack: [0x10]) }
    }
    let report = try StackPass().report(from: Replay(file))
    var registry = RendererRegistry.standard
    #expect(registry.renderer(of: StackReport.self, fileName: "x.md") == nil)
    registry.add(StackMarkdown())
    #expect(registry.formats(of: StackReport.self).last?.name == "markdown")
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    let renderer = try #require(registry.renderer(of: StackReport.self, fileName: "x.MD"))
    try renderer.render(report, RenderOptions(), to: &output)
    output.flush()
    #expect(
      sink.text == "| events | function |\n|---:|---|\n| 3 | ?!? (never announced) |\n")
  }

  /// A log in another format is imported as a trace, in memory and into a file, and gets the
  /// reports of traces.
  @Test func anImporter() throws {
    let log = """
      1700000000000000250 77 78 1 2 0 /usr/bin/shop
      collected something
      1700000000000000350 79 79 1 0 1 /opt/other shop
      1700000000000000450 77 78 2 0 99 /usr/bin/shop
      1700000000000000450 4294967296 78 2 0 99 /usr/bin/shop

      """
    let memory = MemorySink()
    try CollectionLog.record(log, to: memory)
    let file = try TraceFile(bytes: memory.bytes)
    try file.verify()
    #expect(file.damage.isEmpty && file.isComplete)
    #expect(file.processes.map(\.executable) == ["/usr/bin/shop", "/opt/other shop"])
    var events: [String] = []
    let replay = Replay(file)
    replay.on(GCStart.self) { event, header in
      events.append(
        "\(header.timestamp) \(header.pid) \(header.tid) \(event.depth) \(event.reason.rawValue)")
    }
    try replay.run()
    #expect(events == ["0 77 78 2 0", "100 79 79 0 1", "200 77 78 0 99"])
    let report = try CollectionsPass().report(from: Replay(file))
    #expect(report.rows.map(\.pid) == [77, 79] && report.rows.map(\.collections) == [2, 1])
    #expect(report.lost.events == 2)

    let path = directory.path + "/imported.etl"
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    try CollectionLog.record(log, to: DescriptorSink(descriptor))
    close(descriptor)
    let stored = try CollectionsPass().report(from: Replay(TraceFile(path: path)))
    #expect(stored.rows == report.rows && stored.lost == report.lost)
  }

  @Test func aLiveConsumer() throws {
    let file = try trace { trace in
      trace.sample(at: 1000, pid: 10, stack: [0x1010])
      trace.sample(at: 2000, pid: 10, stack: [0x1020])
      trace.add(
        MethodLoad(
          methodID: 1, startAddress: 0x1000, size: 0x100, namespace: "Shop", name: "order",
          signature: "()"), at: 3000, pid: 10)
      trace.sample(at: 4000, pid: 10, stack: [0x9000])
    }
    var shown: [[String: Int]] = []
    let consumer = RunningFunctions(LiveTrace(following: file))
    try consumer.run { shown.append($0.samples.filter { $0.value > 0 }) }
    #expect(shown == [["Shop.order()": 2, "?": 1]])
    #expect(consumer.lostEvents == 0)
  }

  @Test func everyReportIsTextAndJSON() {
    let registry = RendererRegistry.standard
    func check<Subject>(_ subject: Subject.Type) {
      let names = registry.formats(of: subject).map(\.name)
      #expect(names.starts(with: ["text", "json"]), "\(subject): \(names)")
      #expect(registry.renderer(of: subject, fileName: "a.json")?.format.name == "json")
    }
    check(InfoReport.self)
    check(GCReport.self)
    check(ExceptionReport.self)
    check(JITReport.self)
    check(StackReport.self)
    check(SymbolReport.self)
    check(VerifyReport.self)
    check(ProviderReport.self)
    check(DoctorReport.self)
    check(EventStream.self)
  }

  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test(
    arguments: [
      "ToyReport.swift", "ToyRenderer.swift", "ToyImporter.swift", "ToyLiveConsumer.swift",
    ])
  func architectureQuotesTheExample(file: String) throws {
    let source = try String(
      contentsOf: Self.root.appending(path: "Tests/ArchitectureTests/\(file)"), encoding: .utf8)
    let page = try String(
      contentsOf: Self.root.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
    #expect(page.contains("```swift\n\(source)```\n"), "ARCHITECTURE.md does not quote \(file)")
    #expect(source.split(separator: "\n", omittingEmptySubsequences: false).count <= 60)
    #expect(!source.contains("@testable"))
  }

  /// The program in README.md, as a function.
  @Test func theReadmesProgramWorks() throws {
    let page = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
    let source = try String(
      contentsOf: Self.root.appending(path: "Tests/ArchitectureTests/ReadmeProgram.swift"),
      encoding: .utf8)
    let body = source.components(separatedBy: "  // README\n")[1]
      .split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(2) }
      .joined(separator: "\n")
    let shown = body.replacing("path: path", with: #"path: "trace.etl""#)
      .replacing("OutputBuffer(sink)", with: "OutputBuffer(DescriptorSink(1))")
    #expect(page.contains(shown), "README.md does not contain the program \(shown)")
    let file = try trace { trace in
      trace.process(10, "/usr/bin/shop")
      trace.sample(at: 1000, pid: 10, stack: [0x10])
    }
    let sink = MemorySink()
    try printStacks(of: file.path, to: sink)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(sink.bytes)) as? [String: Any])
    #expect(object["report"] as? String == "stacks")
    #expect((object["total"] as? [String: Int]) == ["events": 1, "cpu_ns": 1_000_000])
    let tree = try #require(object["tree"] as? [[String: Any]])
    #expect(
      tree.compactMap { $0["name"] as? String } == [
        "Process shop (10)", "?!? (never announced)",
      ])
    #expect(tree[0]["caller"] is NSNull && tree[1]["caller"] as? Int == 0)
  }
}
