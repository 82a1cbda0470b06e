import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl jit` states what the runtimes counted themselves, and what can be computed from the
  /// dumped events.
  @Suite(.needs(.program("python3"), .x86)) struct JITReportTests {
    @Test(arguments: [[], ["--move"]])
    func miniVM(flags: [String]) throws {
      let report = try RuntimeReport(
        "jit", providers: "JIT", Tools.miniVM, ["--churn", "--statistics"] + flags)
      #expect(try report.stated("compiled") == report.printed("compiled"))
      #expect(try report.stated("moved") == report.printed("moved"))
      let optimized = try report.rows("tiers").first { $0["tier"] as? String == "OptimizedTier1" }
      #expect(try optimized?["compiled"] as? Int ?? 0 == report.printed("optimised"))
      #expect(try report.stated("unloaded") >= report.printed("evicted"))
      try report.expectRecomputed()
    }

    @Test func tinyRuntime() throws {
      let report = try RuntimeReport(
        "jit", providers: "JIT", Tools.tinyRuntime, ["--statistics"])
      #expect(try report.stated("compiled") == report.printed("compiled"))
      #expect(try report.stated("unloaded") == report.printed("compiled"))
      try report.expectRecomputed()
    }
  }
}
