import Foundation
import TestSupport
import Testing
import TraceFormat
import TraceImport
import TraceView

/// The page's answers about profiles that are no CPU time.
@Suite struct ProfileRouteTests {
  private let directory = TemporaryDirectory()

  /// A Go program's heap profile as a trace.
  private func trace() throws -> String {
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Fuzz/Corpus/import/go-heap.pb.gz").standardized.path
    let sink = MemorySink()
    _ = try PprofImporter().convert(ImportSource(path: source), to: sink)
    let path = directory.path + "/heap.etl"
    try Data(sink.bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func json(_ answer: RawAnswer) throws -> [String: Any] {
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(
      try JSONSerialization.jsonObject(with: Foundation.Data(answer.body)) as? [String: Any])
  }

  @Test func heapProfilesHaveTheirUnits() throws {
    let path = try trace()
    let shown = try ShownTrace(path: path, options: ViewOptions(paths: [path, path]))
    let types = try #require(try json(shown.get("api/types"))["profile"] as? [[String: Any]])
    #expect(
      types.map { $0["name"] as? String } == [
        "alloc_objects", "alloc_space", "inuse_objects", "inuse_space",
      ])
    #expect(types.map { $0["is_shown"] as? Bool } == [false, false, false, true])
    let usual = try json(shown.get("api/flame"))
    #expect(usual["unit"] as? String == "bytes")
    let other = try json(shown.get("api/flame?event=pprof/Sample&weight=alloc_objects"))
    #expect(other["unit"] as? String == "sum")
    #expect(other["total"] as? Int != usual["total"] as? Int)
    let change = try json(shown.get("api/compare?event=pprof/Sample&weight=alloc_space"))
    #expect(change["unit"] as? String == "bytes" && change["sum_of"] as? String == "alloc_space")
    #expect(change["per"] as? String == "run")
    let total = try #require(change["total"] as? [String: Any])
    let whole = try json(shown.get("api/flame?event=pprof/Sample&weight=alloc_space"))
    #expect(total["base"] as? Double == (whole["total"] as? Int).map(Double.init))
  }
}
