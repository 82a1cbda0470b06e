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

      private var functions: [[String: Any]] {
        object["functions"] as? [[String: Any]] ?? []
      }

      /// The name and the verdict of the first function.
      func first() throws -> (name: String, verdict: String) {
        let first = try #require(functions.first)
        let exclusive = try #require(first["exclusive"] as? [String: Any])
        return (
          try #require(first["name"] as? String), try #require(exclusive["verdict"] as? String)
        )
      }

      /// The tree has the amounts of the functions: only small nodes are left out.
      func expectTreeOfSides() throws {
        let tree = try #require(object["tree"] as? [[String: Any]])
        for side in ["base", "new"] {
          func sum(_ rows: [[String: Any]], _ amount: ([String: Any]) -> Any?) -> Double {
            rows.filter { ($0["name"] as? String)?.contains(".layout(") ?? false }
              .compactMap { amount($0) as? Double }.reduce(0, +)
          }
          let whole = sum(functions) { ($0["exclusive"] as? [String: Any])?[side] }
          let part = sum(tree) { $0["\(side)_exclusive_ns"] }
          #expect(part > 0.95 * whole && part < 1.001 * whole, "\(side): \(part) of \(whole)")
        }
      }

      /// The share that layout has of the CPU time of the program's four functions, in percent.
      func share(_ side: String) throws -> Double {
        let times = ["parse", "layout", "paint", "store"].map { name in
          functions.filter { ($0["name"] as? String)?.contains("[jit]") ?? false }
            .filter { ($0["function"] as? String)?.contains("." + name + "(") ?? false }
            .compactMap { ($0["exclusive"] as? [String: Any])?[side] as? Double }.reduce(0, +)
        }
        #expect(!times.contains(0), "\(functions.prefix(8).map { $0["name"] ?? "" })")
        return times[1] / times.reduce(0, +) * 100
      }
    }

    private func collect(
      _ program: [String], to file: String, in scratch: Scratch
    ) throws -> String {
      let path = scratch.path(file)
      let child = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU:8000,JIT", "-o", path, "--"] + program, in: scratch)
      try child.succeed()
      return path
    }

    private static let phases =
      #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
      + "/Samples/MiniVM/programs/phases.mini"

    /// A program whose four functions each take a quarter of its time, and one of them, named
    /// layout, twice as long in the second version. Samples/JVMAgent/Tests/JFR/slower.py is the
    /// same test with Java.
    @Test func miniVM() throws {
      let scratch = try Scratch()
      func run(_ slowness: String, _ file: String) throws -> String {
        try collect([Tools.miniVM, Self.phases, "50000", slowness], to: file, in: scratch)
      }
      let (a, again, b) = try (run("100", "a.etl"), run("100", "c.etl"), run("200", "b.etl"))
      let result = try Result([a], [b], in: scratch)
      let first = try result.first()
      #expect(first.name.contains("layout"))
      #expect(first.verdict == "higher")
      // A quarter, and two fifths of the functions' time.
      let (base, new) = try (result.share("base"), result.share("new"))
      #expect((base - 25).magnitude < 2 && (new - 40).magnitude < 2, "\(base), \(new)")
      try result.expectTreeOfSides()
      let unchanged = try Result([a], [again], in: scratch)
      let (found, all) = try (
        unchanged.count("distinguishable_count"), unchanged.count("function_count")
      )
      #expect(Double(found) <= 0.05 * Double(all), "\(found) of \(all)")
    }

    @Test func severalRunsASide() throws {
      let scratch = try Scratch()
      var sides: [[String]] = [[], []]
      for run in 0..<3 {
        for (side, slowness) in ["100", "200"].enumerated() {
          sides[side].append(
            try collect(
              [Tools.miniVM, Self.phases, "15000", slowness], to: "\(side)-\(run).etl", in: scratch)
          )
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
        [
          "collect", "-providers", "CPU:100", "-o", scratch.path("b.etl"), "--", Tools.miniVM,
          "--churn", "--seconds", "1",
        ], in: scratch)
      try child.succeed()
      let text = try ChildProcess(
        Tools.tracectl, ["compare", a, scratch.path("b.etl")], in: scratch)
      try text.succeed()
      #expect(text.output.contains("The programs differ: sleep before, minivm now."))
      #expect(text.output.contains("There is one run on a side"))
    }
  }
}
