import Foundation
import TestSupport
import Testing
import TraceFormat

@testable import TraceAnalysis
@testable import TraceExport

/// Exports of traces that a hostile program filled: nothing traps, and the judge of each format
/// accepts what is written.
@Suite(.randomized) struct HostileExportsTests {
  private let directory = TemporaryDirectory()

  /// Writes a random trace and exports it in every format; returns the files by format.
  private func files(_ round: Int) throws -> [String: String] {
    let path = directory.path + "/t.etl"
    var random = SeededGenerator(UInt64(round))
    try HostileTrace.write(path, events: 2000, isLate: round % 3 == 2, &random)
    var files: [String: String] = [:]
    func write<Subject>(_ subject: Subject) throws {
      for format in RendererRegistry.exporters.formats(of: Subject.self) {
        let renderer = try #require(
          RendererRegistry.exporters.renderer(of: Subject.self, format: format.name))
        let sink = MemorySink()
        var buffer = OutputBuffer(sink)
        try renderer.render(subject, RenderOptions(), to: &buffer)
        buffer.flush()
        #expect(buffer.failure == 0 && !sink.bytes.isEmpty, "\(format.name)")
        let file = "\(directory.path)/\(format.name).\(format.fileExtensions.first ?? "")"
        try Data(sink.bytes).write(to: URL(fileURLWithPath: file))
        files[format.name] = file
      }
    }
    let file = try TraceFile(path: path)
    var options = StackOptions()
    options.detail = SourceDetail(lines: true, inlined: true)
    try write(try StackProfilePass(options).report(from: Replay(file)))
    try write(try TraceTimeline(file, options))
    let stacks = try StackPass().report(from: Replay(file))
    try write(FlameGraph(stacks, base: stacks))
    do {
      try write(FlameGraph(try WallPass().report(from: Replay(file))))
    } catch is NothingToReport {}
    return files
  }

  @Test(arguments: 0..<Rounds.count(3)) func everyFormatIsWritten(_ round: Int) throws {
    let files = try files(round)
    #expect(files.count == RendererRegistry.exporterCount, "\(files.keys)")
    for name in ["chrome", "speedscope", "firefox"] {
      let data = try Data(contentsOf: URL(fileURLWithPath: try #require(files[name])))
      #expect(try JSONSerialization.jsonObject(with: data) is [String: Any], "\(name)")
    }
    let folded = try String(contentsOfFile: try #require(files["folded"]), encoding: .utf8)
    #expect(folded.split(separator: "\n").allSatisfy { $0.contains(#/ \d+$/#) })
  }

  @Test(.needs(.program("go"))) func pprofReadsIt() throws {
    let file = try #require(try files(0)["pprof"])
    let raw = try ChildProcess.output(of: "go", ["tool", "pprof", "-raw", file])
    #expect(raw.contains("samples/count cpu/nanoseconds"))
  }

  @Test(.needs(.program("xmllint"))) func theGraphIsXML() throws {
    let file = try #require(try files(1)["svg"])
    try ChildProcess("xmllint", ["--noout", file]).succeed()
  }

  @Test(.needs(PerfettoJudge.requirement)) func perfettoReadsIt() throws {
    let files = try files(0)
    for name in ["perfetto", "chrome"] {
      let found = try PerfettoJudge(trace: try #require(files[name])).rows(
        "select count(*) > 0 from slice",
        "select name from stats where severity = 'error' and value > 0 and name in "
          + "('clock_sync_failure','stackprofile_invalid_callstack_id',"
          + "'stackprofile_invalid_frame_id','stackprofile_invalid_mapping_id',"
          + "'stackprofile_invalid_string_id','json_parser_failure','json_tokenizer_failure',"
          + "'mismatched_sched_switch_tids')")
      #expect(found == [[["1"]], []], "\(name)")
    }
  }
}

extension RendererRegistry {
  fileprivate static var exporterCount: Int {
    exporters.formats(of: StackProfile.self).count + exporters.formats(of: TraceTimeline.self).count
      + exporters.formats(of: FlameGraph.self).count
  }
}
