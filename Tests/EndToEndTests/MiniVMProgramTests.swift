import TestSupport
import Testing

extension EndToEnd {
  /// minivm's programs print the expected output in every mode.
  @Suite struct MiniVMProgramTests {
    static let names = [
      "binary-trees", "churn", "closures", "exceptions", "fannkuch", "json", "n-body", "phases",
    ]

    static let ways = [
      ["--no-jit"], [],
      // Everything is compiled and optimized immediately, and collected often.
      ["--threshold", "1", "--optimize-after", "1", "--nursery", "16384"],
      ["--churn"], ["--churn", "--move"],
    ]

    @Test(arguments: names)
    func printsWhatIsKnown(name: String) throws {
      let programs =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        + "/Samples/MiniVM/programs/"
      let expected = try readText(programs + name + ".expected")
      let scratch = try Scratch()
      for way in Self.ways {
        let child = try ChildProcess(Tools.miniVM, way + [programs + name + ".mini"], in: scratch)
        try child.succeed()
        #expect(child.output == expected, "\(way)")
      }
    }
  }
}
