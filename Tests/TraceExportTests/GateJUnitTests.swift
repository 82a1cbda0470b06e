import Testing
import TraceFormat

@testable import TraceAnalysis
@testable import TraceExport

@Suite struct GateJUnitTests {
  /// The XML of one metric's verdict on a new run; without a value, it cannot be judged.
  private func xml(name: String, new: Double?) throws -> String {
    let rules = #"{"metrics":[{"name":"x","json":"x"}]}"#
    var gate = try GateRules(JSONValue(json: Array(rules.utf8)))
    gate.metrics[0].name = name
    let base = [100.0, 101, 99, 100, 102].map { value in
      var run = GateRun()
      run.values[name] = value
      return run
    }
    var run = GateRun()
    run.values[name] = new
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    GateJUnit().render(Gate(gate).judge([run], baseline: base), RenderOptions(), to: &output)
    output.flush()
    return String(decoding: sink.bytes, as: UTF8.self)
  }

  @Test func namesAreEscaped() throws {
    let text = try xml(name: "a<b>\"&\u{1}\n", new: 100)
    #expect(text.contains("<testcase name=\"a&lt;b&gt;&quot;&amp;\u{fffd} \" classname="))
  }

  @Test func verdictsAreCounted() throws {
    #expect(try xml(name: "x", new: 100).contains("tests=\"1\" failures=\"0\" errors=\"0\""))
    #expect(try xml(name: "x", new: 200).contains("tests=\"1\" failures=\"1\" errors=\"0\""))
    #expect(try xml(name: "x", new: nil).contains("tests=\"1\" failures=\"0\" errors=\"1\""))
  }
}
