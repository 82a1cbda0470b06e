import Testing

@testable import TraceAnalysis

@Suite struct GateRulesTests {
  private static let yaml = """
    # What must not become slower.
    runs: 4
    keep: 20
    limit_percent: 7.5
    metrics:
      - name: pauses, 99 %      # of the server
        report: gc
        path: "processes[name=java].pauses.p99_ns"
      - name: parsing
        function: "[jit]!parse*"
        limit_percent: 20
      -
        name: 'the server''s rate'
        json: load."req/s".mean
        better: higher
        absent: 0
    """
  private static let json = """
    {"runs": 4, "keep": 20, "limit_percent": 7.5, "metrics": [
      {"name": "pauses, 99 %", "report": "gc", "path": "processes[name=java].pauses.p99_ns"},
      {"name": "parsing", "function": "[jit]!parse*", "limit_percent": 2e1},
      {"name": "the server's rate", "json": "load.\\"req/s\\".mean", "better": "higher",
       "absent": 0}]}
    """

  private static func rules(_ text: String) throws -> GateRules {
    try GateRules(YAMLReader.value(of: Array(text.utf8)))
  }

  @Test func bothFormsAreTheSame() throws {
    let rules = try Self.rules(Self.yaml)
    #expect(try rules == Self.rules(Self.json))
    #expect(rules.runs == 4 && rules.keep == 20 && rules.metrics.count == 3)
    #expect(rules.metrics[1].source == .report("stacks"))
    #expect(rules.metrics[1].path.description == "functions[name~[jit]!parse*].exclusive_ns")
    #expect(rules.metrics[2].better == .higher && rules.metrics[2].absent == 0)
  }

  @Test(arguments: [
    "metrics:\n  - name: x\n    json: a\n    betr: higher", "runs: 3", "metrics: []",
    "metrics:\n  - name: x", "metrics:\n  - json: a", "metrics:\n  - name: x\n    json: a..b",
    "metrics:\n  - name: x\n    json: a[b",
    "metrics:\n  - name: x\n    json: a\n  - name: x\n    json: b",
    "limit: 5\nmetrics:\n  - name: x\n    json: a", "runs: 1\nmetrics:\n  - name: x\n    json: a",
    "runs: 6\nkeep: 5\nmetrics:\n  - name: x\n    json: a",
    "limit_percent: -1\nmetrics:\n  - name: x\n    json: a",
    "metrics:\n  - name: x\n    json: a\n    report: gc\n    path: b",
  ])
  func wrongRulesAreRefused(text: String) {
    #expect(throws: GateProblem.self) { try Self.rules(text) }
  }

  @Test(arguments: [
    "a: &x 1", "a: *x", "a: !t 1", "a: !!str 1", "a: &x [1]", "a: !t {}", "\ta: 1", "a: [1, 2",
    "a: 'x", "a: 1\n   b: 2", "a: 1\na: 2", "a\nb: 1", "- 1\nb: 2", "", "# nothing", "? [a]\n: 1",
    "a: 1\n---\nb: 2", "a: \u{1}", String(repeating: "[", count: 10_000),
    String(repeating: "- ", count: 100) + "a",
    "[" + String(repeating: "1,", count: 100_001) + "]",
  ])
  func onlyWhatIsUnderstoodIsRead(text: String) {
    #expect(throws: TextProblem.self) { try YAMLReader.value(of: Array(text.utf8)) }
  }

  @Test func problemsNameTheirLine() {
    for (text, line) in [("a: 1\nb: [", 3), ("a: 1\nb: *x", 2), ("a: 1\n\na: 2", 3)] {
      #expect {
        try YAMLReader.value(of: Array(text.utf8))
      } throws: {
        ($0 as? TextProblem)?.line == line
      }
    }
  }

  @Test func yamlValues() throws {
    let text = """
      ---
      a: 1.5
      b: "x # y"   # z
      c: it's
      d: [1, "two"]
      e:
      - true
      - k: v
        l: ~
      f: 1.2.3
      g: |
        two
        lines
      h: {i: 0x1, "j": .5, k: 1e3}
      l: "1"
      """
    let value = try YAMLReader.value(of: Array(text.utf8))
    #expect(
      value.description == #"{"a":1.5,"b":"x # y","c":"it's","d":[1.0,"two"],"#
        + #""e":[true,{"k":"v","l":null}],"f":"1.2.3","g":"two\nlines\n","#
        + #""h":{"i":1.0,"j":0.5,"k":1000.0},"l":"1"}"#)
  }

  @Test func pathsSelect() throws {
    let text =
      #"{"p":[{"name":"a","v":1},{"name":"b.c","v":2},{"name":"[j]!d","v":3}],"#
      + #""x.y":{"z":4}}"#
    let value = try JSONValue(json: Array(text.utf8))
    func numbers(_ path: String) throws -> [Double] {
      try JSONPath(path).values(in: value).compactMap(\.number)
    }
    #expect(try numbers("p[*].v") == [1, 2, 3])
    #expect(try numbers("p[1].v") == [2])
    #expect(try numbers("p[9].v") == [])
    #expect(try numbers("p[name=b.c].v") == [2])
    #expect(try numbers("p[name~[j]!*].v") == [3])
    #expect(try numbers("p[v=2].v") == [2])
    #expect(try numbers(#""x.y".z"#) == [4])
  }

  @Test func severalNumbersBecomeOne() throws {
    let report = try JSONValue(json: Array(#"{"p":[{"v":3},{"v":7},{"v":2}],"n":4,"z":0}"#.utf8))
    func value(_ more: String, path: String = "p[*].v") throws -> Double {
      let rule = "metrics:\n  - name: x\n    json: \"\(path)\"\(more)"
      return try Self.rules(rule).metrics[0].value(in: report)
    }
    #expect(try value("\n    aggregate: max") == 7 && value("\n    aggregate: min") == 2)
    #expect(try value("\n    aggregate: sum") == 12 && value("\n    aggregate: mean") == 4)
    #expect(try value("\n    aggregate: sum\n    per: n") == 3)
    #expect(try value("\n    absent: 5", path: "q") == 5)
    #expect(throws: GateProblem.severalNumbers(metric: "x", path: "p[*].v", count: 3)) {
      try value("")
    }
    #expect(throws: GateProblem.noNumber(metric: "x", path: "q")) { try value("", path: "q") }
    #expect(throws: GateProblem.noNumber(metric: "x", path: "z")) {
      try value("\n    per: z", path: "n")
    }
  }

  @Test func jsonIsRead() throws {
    let text = #" {"a":[-1.5e3,true,null,"\u00e9\ud83d\ude00\n"],"b":{}} "#
    let value = try JSONValue(json: Array(text.utf8))
    #expect(value["a"]?.array == [.number(-1500), .bool(true), .null, .string("é😀\n")])
    #expect(try JSONValue(json: Array(value.description.utf8)) == value)
    let deep = String(repeating: "[", count: 100_000)
    for wrong in ["", "{", "[1,]", "{\"a\"}", "1 2", "\"a", "1e999", "tru", "\"\\x\"", deep] {
      #expect(throws: TextProblem.self) { try JSONValue(json: Array(wrong.utf8)) }
    }
  }

  @Test func storedRunsAreReadBack() throws {
    var run = GateRun()
    run.values = ["a \"b\"": 0.1, "c": 1e300]
    #expect(GateRun(stored: run.stored) == run)
    run.circumstances = GateRun.Circumstances(
      trace: "t", programs: ["x"], cpus: 2, rate_hz: 999, lost_percent: 0, isPartial: false)
    #expect(GateRun(stored: try JSONValue(json: Array(run.stored.description.utf8))) == run)
    #expect(GateRun(stored: .object([])) == nil)
  }
}
