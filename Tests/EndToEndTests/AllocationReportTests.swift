import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl allocations` states what can be computed from the dumped events.
  @Suite(.needs(.program("python3"))) struct AllocationReportTests {
    private static let program =
      #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
      + "/Samples/MiniVM/programs/binary-trees.mini"

    @Test func miniVM() throws {
      let report = try RuntimeReport(
        "allocations", providers: "GC::Verbose", Tools.miniVM, [Self.program],
        options: ["-stacks", "Runtime:GCAllocationTick"])
      #expect(try report.stated("samples") > 0)
      #expect(try report.stated("stack_count") > 0)
      try report.expectRecomputed()
    }

    @Test func tinyRuntime() throws {
      let report = try RuntimeReport(
        "allocations", providers: "GC::Verbose", Tools.tinyRuntime, ["--rounds", "400"])
      #expect(try report.stated("samples") > 0)
      try report.expectRecomputed()
    }
  }
}
