import Foundation
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// The page's numbers are those of the reports.
@Suite struct RouteTests {
  private func json(_ answer: RawAnswer) throws -> [String: Any] {
    #expect(answer.status == 200, "\(answer.text)")
    let value = try JSONSerialization.jsonObject(with: Foundation.Data(answer.body))
    return try #require(value as? [String: Any])
  }

  private func rendered<Pass: ReportPass>(_ pass: Pass, _ path: String) throws -> String {
    let report = try pass.report(from: Replay(TraceFile(path: path)))
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    let renderer = RendererRegistry.standard.renderer(of: Pass.Output.self, format: "json")
    try renderer?.render(report, RenderOptions(), to: &output)
    output.flush()
    return sink.text
  }

  /// The options of `tracectl stacks` without options.
  private static var usual: StackOptions {
    var options = StackOptions()
    options.shaping.foldsRecursion = true
    options.parts.functionLimit = 20
    options.parts.threshold = 0.01
    options.parts.showsTree = true
    return options
  }

  @Test func reportsAreThoseOfTheCommandLine() throws {
    let shown = try ShownTrace()
    let path = shown.path
    #expect(try shown.get("api/report/exceptions").text == rendered(ExceptionPass(), path))
    #expect(try shown.get("api/report/info").text == rendered(InfoPass(), path))
    #expect(try shown.get("api/report/stacks").text == rendered(StackPass(Self.usual), path))
    var selection = ReportSelection()
    selection.time = 2_000_000...9_000_000
    selection.pids = [10, 20]
    let query = "from=2000000&to=9000000&pid=10,20"
    #expect(
      try shown.get("api/report/exceptions?\(query)").text
        == rendered(ExceptionPass(selection), path))
    // A second time, the answer comes from the cache.
    #expect(
      try shown.get("api/report/exceptions?\(query)").text
        == rendered(ExceptionPass(selection), path))
    let gc = try json(shown.get("api/report/gc?\(query)"))
    #expect((gc["processes"] as? [Any])?.count == 2)
  }

  @Test func flameGraphAddsUpToTheReport() throws {
    let shown = try ShownTrace()
    let flame = try json(shown.get("api/flame"))
    let report = try json(shown.get("api/report/stacks?top=1000&threshold=0"))
    let inclusive = try #require(flame["inclusive"] as? [Int])
    let exclusive = try #require(flame["exclusive"] as? [Int])
    let callers = try #require(flame["caller"] as? [Int])
    let total = try #require(flame["total"] as? Int)
    #expect((report["total"] as? [String: Any])?["cpu_ns"] as? Int == total)
    #expect((report["tree"] as? [Any])?.count == inclusive.count)
    #expect(exclusive.reduce(0, +) == total)
    let outermost = zip(callers, inclusive).filter { $0.0 < 0 }.map(\.1)
    #expect(outermost.reduce(0, +) == total)
    for (node, caller) in callers.enumerated() { #expect(caller < node) }
  }

  @Test func rowsAreTheEventsInOrder() throws {
    let shown = try ShownTrace()
    for row in [0, 1, 99, 4095, 4096, 4097, 8192, 12_345, 19_950] {
      let answer = try json(shown.get("api/events?row=\(row)&count=50"))
      #expect(answer["total"] as? Int == 20_000)
      let events = try #require(answer["events"] as? [[Any]])
      // Event n is n microseconds after the start.
      #expect(events.compactMap { $0[0] as? Int } == (row..<row + 50).map { $0 * 1000 }, "\(row)")
    }
    let last = try json(shown.get("api/events?row=19990&count=50"))
    #expect((last["events"] as? [Any])?.count == 10)
    let past = try json(shown.get("api/events?row=20000&count=50"))
    #expect((past["events"] as? [Any])?.isEmpty == true)
  }

  @Test func aTimeLeadsToItsRow() throws {
    let shown = try ShownTrace()
    for (time, row) in [
      (-5, 0), (0, 0), (1, 1), (999, 1), (1000, 1), (5_000_001, 5001), (4_096_000, 4096),
    ] {
      let answer = try json(shown.get("api/events?at=\(time)&count=1"))
      #expect(answer["row"] as? Int == row, "\(time)")
    }
    let end = try json(shown.get("api/events?at=99999999999&count=1"))
    #expect(end["row"] as? Int == 19_999)
  }

  @Test func filtersCountExactly() throws {
    let shown = try ShownTrace()
    func total(_ query: String) throws -> Int? {
      try json(shown.get("api/events?count=1&\(query)"))["total"] as? Int
    }
    #expect(try total("event=GCStart") == 200)
    #expect(try total("event=Runtime/GC*") == 400)
    #expect(try total("provider=Runtime") == 1000)
    #expect(try total("pid=10") == 6667)
    #expect(try total("from=0&to=999999") == 1000)
    #expect(try total("where=count>=10000") == 200)
    #expect(try total("event=GCStart&where=count>=10000") == 100)
    #expect(try total("where=count=10000;count>5") == 2)
    #expect(try total("where=exceptionType=E4") == 86)
    #expect(try total("where=exceptionType~e4") == 86)
    #expect(try total("where=exceptionType!=E4") == 514)
    #expect(try total("where=weight=1000") == 19_000)
    #expect(try total("where=source=CPUClock") == 19_000)
    #expect(try total("where=weight<1000") == 0)
    #expect(try total("where=nothing=1") == 0)
  }

  @Test func timelineAddsUpToTheSamples() throws {
    let shown = try ShownTrace()
    for (query, samples, exceptions) in [("", 19_000, 600), ("&from=1000000&to=1999999", 950, 30)] {
      let answer = try json(shown.get("api/timeline?columns=100\(query)"))
      let from = try #require(answer["from_ns"] as? Int)
      let to = try #require(answer["to_ns"] as? Int)
      let lanes = try #require(answer["lanes"] as? [[String: Any]])
      let processes = lanes.filter { $0["tid"] is NSNull }
      #expect(processes.count == 3)
      func sum(_ key: String) -> Double {
        processes.flatMap { $0[key] as? [Double] ?? [] }.reduce(0, +)
      }
      // Thousandths of a column's time, rounded: samples of 1 µs.
      let cpu_us = sum("cpu") / 1000 * Double(to - from + 1) / 100 / 1e3
      #expect(abs(cpu_us - Double(samples)) < Double(samples) * 0.005, "\(cpu_us)")
      #expect(sum("exceptions") == Double(exceptions))
      let density = try #require(answer["density"] as? [Int])
      #expect(density.count == 100)
    }
    let pauses = try json(shown.get("api/timeline?columns=4096"))["pauses"] as? [[String: Any]]
    let count = pauses?.compactMap { $0["count"] as? Int }.reduce(0, +)
    #expect(count == 200)
  }

  @Test func hostileNamesStayText() throws {
    let shown = try ShownTrace(events: 1000, isHostile: true)
    let name = ShownTrace.hostileName
    let types = try json(shown.get("api/report/exceptions"))
    let processes = try #require(types["processes"] as? [[String: Any]])
    let groups = try #require(processes[0]["groups"] as? [[String: Any]])
    #expect(groups[0]["type"] as? String == name)
    let lanes = try json(shown.get("api/timeline"))["lanes"] as? [[String: Any]]
    #expect(lanes?.contains { ($0["name"] as? String)?.contains("onerror") == true } == true)
    for path in ["api/report/exceptions", "api/timeline", "api/flame", "api/events"] {
      #expect(try shown.get(path).headers["content-type"] == "application/json", "\(path)")
    }
  }

  @Test func longTextsAreBounded() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/long.etl"
    var trace = try SampledTrace(path: path)
    let long = String(repeating: "x", count: 60_000)
    for number in 0..<400 {
      trace.add(
        ExceptionThrown(exceptionType: "E", exceptionMessage: long), at: UInt64(number), pid: 1)
    }
    try trace.finish()
    let shown = try ShownTrace(path: path)
    let answer = try shown.get("api/events?count=400")
    #expect(answer.status == 200)
    #expect(answer.body.count < 10 << 20, "\(answer.body.count)")
    let rows = try #require(try json(answer)["events"] as? [Any])
    #expect(rows.count > 100 && rows.count < 400)
  }
}
