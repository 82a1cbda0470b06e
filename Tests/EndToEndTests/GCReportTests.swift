import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl gc` states what the runtimes counted themselves, and what can be computed from the
  /// dumped events.
  @Suite(.needs(.program("python3"))) struct GCReportTests {
    private static let programs =
      #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
      + "/Samples/MiniVM/programs/"

    @Test(arguments: ["binary-trees", "json"])
    func miniVM(program: String) throws {
      let report = try RuntimeReport(
        "gc", providers: "GC", Tools.miniVM,
        ["--statistics", "--nursery", "65536", Self.programs + program + ".mini"])
      let count = try report.printed("collections")
      #expect(count > 0)
      #expect(try report.stated("collection_count") == count)
      #expect(try report.stated("pauses.count") == count)
      #expect(try report.stated("promoted_bytes") == report.printed("promoted"))
      let full = try report.rows("generations").last { $0["generation"] as? Int == 1 }
      #expect(try full?["collection_count"] as? Int ?? 0 == report.printed("full"))
      try report.expectRecomputed()
    }

    /// The threads' events before the longest pauses, with samples.
    @Test func threadsBeforePauses() throws {
      let report = try RuntimeReport(
        "gc", providers: "GC,CPU", Tools.miniVM,
        ["--nursery", "65536", Self.programs + "binary-trees.mini"])
      let pauses = try report.rows("longest_pauses")
      let before = pauses.compactMap { $0["before"] as? [[String: Any]] }
      #expect(before.contains { !$0.isEmpty }, "\(pauses)")
      let frames = before.joined().compactMap { $0["frames"] as? [String] }
      #expect(frames.contains { !$0.isEmpty }, "\(pauses)")
      try report.expectRecomputed()
    }

    @Test func tinyRuntime() throws {
      let report = try RuntimeReport(
        "gc", providers: "GC", Tools.tinyRuntime, ["--statistics", "--rounds", "400"])
      let count = try report.printed("collections")
      #expect(try report.stated("collection_count") == count)
      #expect(try report.stated("promoted_bytes") == report.printed("survived"))
      let induced = try report.rows("causes").first { $0["cause"] as? String == "Induced" }
      #expect(induced?["collection_count"] as? Int == 20)
      try report.expectRecomputed()
    }
  }
}
