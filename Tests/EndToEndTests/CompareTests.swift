import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl compare` names what became slower, and nothing else.
  @Suite(.needs(.kernelSamples)) struct CompareTests {
    /// A comparison as JSON.
    private struct Result {
      let object: [String: Any]

      init(_ base: [String], _ new: [String], in scratch: Scratch) throws {
        let path = scratch.path("compare.json")
        let child = try ChildProcess(
          Tools.tracectl,
          ["compare", "-base"] + base + ["-new"] + new + ["-per", "cpu", "-o", path], in: scratch)
        try child.succeed()
        let json = try Data(contentsOf: URL(fileURLWithPath: path))
        object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
      }

      func count(_ key: String) throws -> Int { try #require(object[key] as? Int) }

      /// The first function: its name, and its shares of the CPU time in percent.
      func first() throws -> (name: String, base: Double, new: Double, verdict: String) {
        let functions = try #require(object["functions"] as? [[String: Any]])
        let first = try #require(functions.first)
        let exclusive = try #require(first["exclusive"] as? [String: Any])
        // Nanoseconds per second of CPU time.
        return (
          try #require(first["name"] as? String),
          try #require(exclusive["base"] as? Double) / 1e7,
          try #require(exclusive["new"] as? Double) / 1e7,
          try #require(exclusive["verdict"] as? String)
        )
      }
    }

    private func collect(
      _ program: [String], to file: String, in scratch: Scratch, options: [String] = []
    ) throws -> String {
      let path = scratch.path(file)
      let child = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU:8000", "-o", path] + options + ["--"] + program, in: scratch)
      try child.succeed()
      return path
    }

    /// A program whose four functions each take a quarter of its time, and one of them, named
    /// layout, twice as long in the second version.
    private func check(_ program: (_ slowness: String) -> [String]) throws {
      let scratch = try Scratch()
      let a = try collect(program("100"), to: "a.etl", in: scratch)
      let again = try collect(program("100"), to: "again.etl", in: scratch)
      let b = try collect(program("200"), to: "b.etl", in: scratch)
      let first = try Result([a], [b], in: scratch).first()
      #expect(first.name.contains("layout"))
      #expect(first.verdict == "higher")
      // A quarter, and two fifths of the functions' time.
      #expect((first.new - first.base - 15).magnitude < 2, "\(first)")
      let unchanged = try Result([a], [again], in: scratch)
      let (found, all) = try (
        unchanged.count("distinguishable_count"), unchanged.count("function_count")
      )
      #expect(Double(found) <= 0.05 * Double(all), "\(found) of \(all)")
    }

    @Test func miniVM() throws {
      let program =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        + "/Samples/MiniVM/programs/phases.mini"
      try check { [Tools.miniVM, program, "50000", $0] }
    }

    @Test(.needs(.program("java"))) func jvm() throws {
      let scratch = try Scratch()
      let source = scratch.path("Phases.java")
      try Self.phases.write(toFile: source, atomically: true, encoding: .utf8)
      try check {
        [
          "java", "-XX:+UnlockDiagnosticVMOptions", "-XX:+DumpPerfMapAtExit",
          "-XX:CompileCommand=quiet", "-XX:CompileCommand=dontinline,Phases::*",
          source, "60000", $0,
        ]
      }
    }

    /// As phases.mini.
    private static let phases = """
      public class Phases {
        static int parse(int n) {
          int sum = 0;
          for (int i = 0; i < n; i++) sum = (sum * 31 + i) % 1000003;
          return sum;
        }
        static int layout(int n) {
          int sum = 0;
          for (int i = 0; i < n; i++) sum = (sum * 31 + i) % 1000003;
          return sum;
        }
        static int paint(int n) {
          int sum = 0;
          for (int i = 0; i < n; i++) sum = (sum * 31 + i) % 1000003;
          return sum;
        }
        static int store(int n) {
          int sum = 0;
          for (int i = 0; i < n; i++) sum = (sum * 31 + i) % 1000003;
          return sum;
        }
        public static void main(String[] arguments) {
          int rounds = Integer.parseInt(arguments[0]);
          int slowness = Integer.parseInt(arguments[1]);
          long sum = 0;
          for (int i = 0; i < rounds; i++)
            sum += parse(1000) + layout(10 * slowness) + paint(1000) + store(1000);
          System.out.println(sum);
        }
      }
      """

    @Test func severalRunsASide() throws {
      let program =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        + "/Samples/MiniVM/programs/phases.mini"
      let scratch = try Scratch()
      var sides: [[String]] = [[], []]
      for run in 0..<3 {
        for (side, slowness) in ["100", "130"].enumerated() {
          sides[side].append(
            try collect(
              [Tools.miniVM, program, "15000", slowness], to: "\(side)-\(run).etl", in: scratch))
        }
      }
      let result = try Result(sides[0], sides[1], in: scratch)
      let first = try result.first()
      #expect(first.name.contains("layout") && first.verdict == "higher", "\(first)")
      #expect((result.object["tree"] as? [Any])?.isEmpty == false)
    }

    @Test func circumstancesAreSaid() throws {
      let scratch = try Scratch()
      let a = try collect(["sleep", "0.1"], to: "a.etl", in: scratch)
      let child = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU:100", "-o", scratch.path("b.etl"), "--", Tools.miniVM,
          "--churn", "--seconds", "1"], in: scratch)
      try child.succeed()
      let text = try ChildProcess(
        Tools.tracectl, ["compare", a, scratch.path("b.etl")], in: scratch)
      try text.succeed()
      #expect(text.output.contains("The programs differ: sleep before, minivm now."))
      #expect(text.output.contains("There is one run on a side"))
    }
  }
}
