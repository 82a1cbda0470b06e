import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl exceptions` states what can be computed from the dumped events.
  @Suite(.needs(.program("python3"))) struct ExceptionReportTests {
    @Test(arguments: [["exceptions"], ["json"]])
    func miniVM(programs: [String]) throws {
      let directory =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        + "/Samples/MiniVM/programs/"
      let report = try RuntimeReport(
        "exceptions", providers: "Exception", Tools.miniVM, [directory + programs[0] + ".mini"])
      #expect(try report.stated("thrown") > 0)
      #expect(try report.stated("rethrown") == 0)
      try report.expectRecomputed()
    }
  }
}
