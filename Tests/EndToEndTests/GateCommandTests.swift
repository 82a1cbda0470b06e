import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl gate`: exit codes, sentences and formats.
  @Suite struct GateCommandTests {
    /// A directory with rules and runs.
    private struct Bench {
      let scratch: Scratch

      init(rules: String) throws {
        scratch = try Scratch()
        try write(rules, "gate.yaml")
      }

      func write(_ text: String, _ name: String) throws {
        try text.write(toFile: scratch.path(name), atomically: true, encoding: .utf8)
      }

      func gate(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let child = try ChildProcess(
          Tools.tracectl,
          ["gate"] + arguments
            + ["-rules", scratch.path("gate.yaml"), "-baseline", scratch.path("base")],
          in: scratch)
        return (try child.wait(), child.output)
      }

      /// Accepts five runs with these times.
      func acceptFive() throws {
        for time in [100, 102, 99, 101, 98] {
          try write("{\"load\": {\"p95_ms\": \(time), \"rps\": \(5000 - time)}}", "run.json")
          let result = try gate(["accept", scratch.path("run.json")])
          #expect(result.code == 0, "\(result.output)")
        }
      }

      /// Judges a run with this content.
      func judge(_ json: String, _ options: [String] = []) throws -> (code: Int32, output: String) {
        try write(json, "new.json")
        return try gate([scratch.path("new.json")] + options)
      }
    }

    private static let rules = """
      metrics:
        - name: p95 & more
          json: load.p95_ms
        - name: rate
          json: load.rps
          better: higher
      """
    private static let good = "{\"load\": {\"p95_ms\": 103, \"rps\": 4900}}"
    private static let bad = "{\"load\": {\"p95_ms\": 125, \"rps\": 4900}}"
    private static let slow = "{\"load\": {\"p95_ms\": 100, \"rps\": 4000}}"

    @Test func exitCodes() throws {
      let bench = try Bench(rules: Self.rules)
      let empty = try bench.judge(Self.good)
      #expect(empty.code == 2)
      #expect(empty.output.contains("The baseline has 0 accepted runs and needs 5"))
      try bench.acceptFive()
      let good = try bench.judge(Self.good)
      #expect(good.code == 0 && good.output.contains("Pass: 2 metrics, none of them worse."))
      let bad = try bench.judge(Self.bad)
      #expect(bad.code == 1 && bad.output.contains("Regression: 1 of 2 metrics."))
      #expect(try bench.judge(Self.slow).code == 1)
      let vanished = try bench.judge("{\"load\": {\"p95_ms\": 100}}")
      #expect(vanished.code == 2)
      #expect(vanished.output.contains("'rate' is missing: there is no number at load.rps"))
      let text = try bench.judge("{\"load\": {\"p95_ms\": \"100\", \"rps\": 4900}}")
      #expect(text.code == 2)
      let cut = try bench.judge("{\"load\": ")
      #expect(cut.code == 2 && cut.output.contains("is not JSON: line 1"))
      // A regression is certain, although the other metric is missing.
      #expect(try bench.judge("{\"load\": {\"p95_ms\": 200}}").code == 1)
      #expect(try bench.gate([bench.scratch.path("none.etl")]).code == 2)
    }

    @Test func theLastRunsAreKept() throws {
      let bench = try Bench(rules: Self.rules)
      try bench.acceptFive()
      try bench.acceptFive()
      let names = Scratch.names(in: bench.scratch.path("base")).sorted()
      #expect(names == (6...10).map { "run-0000\($0 < 10 ? "0" : "")\($0).json" })
      // A run without one of the metrics is not accepted.
      try bench.write("{\"load\": {\"rps\": 1}}", "run.json")
      #expect(try bench.gate(["accept", bench.scratch.path("run.json")]).code == 2)
      #expect(Scratch.names(in: bench.scratch.path("base")).count == 5)
      try bench.write(Self.good, "run.json")
      #expect(try bench.gate(["accept", bench.scratch.path("run.json"), "-anew"]).code == 0)
      #expect(Scratch.names(in: bench.scratch.path("base")).count == 1)
    }

    @Test(arguments: ["", "{", "{}", "[1]", "{\"gate_run\": 1, \"values\": {\"rate\": \"x\"}}"])
    func brokenBaseline(content: String) throws {
      let bench = try Bench(rules: Self.rules)
      try bench.acceptFive()
      try bench.write(content, "base/run-000003.json")
      let result = try bench.judge(Self.good)
      #expect(result.code == 2 && result.output.contains("run-000003.json"), "\(result.output)")
    }

    /// Where no regression would be seen, none is denied.
    @Test func aNoisyMetricIsNotJudged() throws {
      let bench = try Bench(rules: "metrics:\n  - name: time\n    json: t")
      for time in [100, 160, 80, 140, 60] {
        try bench.write("{\"t\": \(time)}", "run.json")
        #expect(try bench.gate(["accept", bench.scratch.path("run.json")]).code == 0)
      }
      let last = try readText(bench.scratch.path("base/run-000005.json"))
      #expect(last.contains("\"noise\":{\"time\":{\"deviation_percent\":"), "\(last)")
      let result = try bench.judge("{\"t\": 100}", ["-junit", bench.scratch.path("gate.xml")])
      #expect(result.code == 2)
      #expect(result.output.contains("'time' varies too much: unchanged runs may differ by"))
      #expect(try readText(bench.scratch.path("gate.xml")).contains("<error type=\"cannot judge\""))
      try bench.write("noise_percent_max: 900\nmetrics:\n  - name: time\n    json: t", "gate.yaml")
      #expect(try bench.judge("{\"t\": 100}").code == 0)
      #expect(try bench.judge("{\"t\": 1000}").code == 1)
    }

    @Test func wrongRules() throws {
      let bench = try Bench(rules: Self.rules + "\n    beter: lower")
      let result = try bench.judge(Self.good)
      #expect(result.code == 2 && result.output.contains("has no rule 'beter'"))
      try bench.write("metrics:\n  - name: x\n    report: gcc\n    path: a", "gate.yaml")
      #expect(try bench.judge(Self.good).output.contains("there is no report 'gcc'"))
    }

    @Test func formats() throws {
      let bench = try Bench(rules: Self.rules)
      try bench.acceptFive()
      let markdown = bench.scratch.path("gate.md")
      let result = try bench.judge(Self.bad, ["-format", "json", "-markdown", markdown])
      #expect(result.code == 1)
      let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
      let json = try #require(object as? [String: Any])
      #expect(json["verdict"] as? String == "regression")
      let metrics = try #require(json["metrics"] as? [[String: Any]])
      #expect(metrics.map { $0["verdict"] as? String } == ["regression", "pass"])
      #expect(metrics[0]["base"] as? Double == 100 && metrics[0]["new"] as? Double == 125)
      let table = try readText(markdown)
      #expect(table.contains("| **regression** | p95 \\& more | 100.0 | 125.0 | +25.0 % |"))
    }

    /// All three outcomes, with characters that XML escapes.
    @Test(.needs(.program("xmllint"))) func junit() throws {
      let bench = try Bench(rules: Self.rules)
      try bench.acceptFive()
      let schema =
        #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
        + "/Recomputed/junit.xsd"
      let runs = [
        (Self.good, "<system-out>"), (Self.bad, "<failure"),
        ("{\"load\": \"<&\\u0001>\"}", "<error"),
      ]
      for (run, element) in runs {
        let file = bench.scratch.path("gate.xml")
        _ = try bench.judge(run, ["-junit", file])
        let text = try readText(file)
        #expect(text.contains(element) && text.contains("p95 &amp; more"))
        let child = try ChildProcess(
          "xmllint", ["--noout", "--schema", schema, file], in: bench.scratch)
        #expect(try child.wait() == 0, "\(child.output)\(text)")
      }
    }

    @Test func metricsOfTraces() throws {
      let bench = try Bench(
        rules: """
          runs: 2
          metrics:
            - name: collections
              report: gc
              path: processes[name=minivm].collection_count
            - name: events
              report: info
              path: events
              limit_percent: 50
          """)
      func trace(_ program: [String], _ providers: String, _ file: String) throws -> String {
        let path = bench.scratch.path(file)
        let child = try ChildProcess(
          Tools.tracectl, ["collect", "-providers", providers, "-o", path, "--"] + program,
          in: bench.scratch)
        try child.succeed()
        return path
      }
      let trees =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        + "/Samples/MiniVM/programs/binary-trees.mini"
      let a = try trace([Tools.miniVM, "--nursery", "65536", trees], "GC", "a.etl")
      #expect(try bench.gate(["accept", a]).code == 0)
      #expect(try bench.gate(["accept", a]).code == 0)
      #expect(try bench.gate([a]).code == 0)
      // Half the nursery, twice the collections.
      let b = try trace([Tools.miniVM, "--nursery", "32768", trees], "GC", "b.etl")
      #expect(try bench.gate([b]).code == 1)
      let sampled = try trace([Tools.miniVM, "--nursery", "65536", trees], "GC,CPU:500", "s.etl")
      let rates = try bench.gate([sampled])
      #expect(rates.code == 2)
      #expect(
        rates.output.contains("at different rates: 0 Hz in the baseline, 500 Hz now"),
        "\(rates.output)")
      let other = try trace([Tools.tinyRuntime, "--rounds", "50"], "GC", "c.etl")
      let result = try bench.gate([other])
      #expect(result.code == 2)
      #expect(result.output.contains("minivm in the baseline, tiny-runtime now"))
      #expect(try bench.gate(["accept", other]).code == 2)
      // Cut: the end of the file is missing.
      let bytes = try readBytes(a)
      try Data(bytes.dropLast(bytes.count / 3)).write(
        to: URL(fileURLWithPath: bench.scratch.path("cut.etl")))
      #expect(try bench.gate([bench.scratch.path("cut.etl")]).code == 2)
    }
  }
}
