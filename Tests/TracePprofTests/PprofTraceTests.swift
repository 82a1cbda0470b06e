import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

/// Traces that a program records of itself.
@Suite(.serialized) struct PprofTraceTests {
  private func file(_ answer: RawAnswer) throws -> TraceFile {
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.headers["content-disposition"]?.contains("\"trace.etl\"") == true)
    let path = NSTemporaryDirectory() + "pprof-\(UUID().uuidString).etl"
    defer { unlink(path) }
    try Data(answer.body).write(to: URL(fileURLWithPath: path))
    return try TraceFile(path: path)
  }

  private func count(_ name: String, in file: TraceFile) -> UInt64 {
    file.eventTypes.filter { $0.schema.name == name }.reduce(0) { $0 + $1.count }
  }

  @Test func eventsAndSamplesAreThere() throws {
    let subject = try Subject("traced")
    let trace = try file(subject.get("trace?seconds=1"))
    #expect(trace.isComplete)
    #expect(count("RoundDone", in: trace) > 0)
    #expect(count("SampledProfile", in: trace) > 10)
    #expect(trace.processes.contains { $0.pid == UInt32(subject.child.pid) })
    let chosen = try file(subject.get("trace?seconds=0.3&providers=Work&stacks=Work"))
    #expect(count("RoundDone", in: chosen) > 0)
    #expect(count("SampledProfile", in: chosen) == 0)
  }

  @Test func wrongParametersAreRefused() throws {
    let subject = try Subject()
    for query in [
      "seconds=0", "seconds=1e9", "providers=CPU:0", "providers=%2c", "providers=A:b:nothing",
      "stacks=%2c",
    ] {
      let answer = try subject.get("trace?\(query)")
      #expect(answer.status == 400 && answer.text.hasSuffix(".\n"), "\(query): \(answer.text)")
    }
    #expect(try subject.get("trace", method: "POST").status == 405)
  }

  @Test func aLargeTraceEndsEarly() throws {
    let subject = try Subject("small")
    let start = Date()
    let answer = try subject.get("trace?seconds=120&providers=Work")
    #expect(-start.timeIntervalSinceNow < 60)
    #expect(answer.body.count > 100_000, "\(answer.body.count)")
    #expect(try count("RoundDone", in: file(answer)) > 1000)
  }

  @Test func aClientThatLeavesEndsItsTrace() throws {
    let subject = try Subject("traced")
    _ = try subject.get("trace?seconds=0.1")
    let (threads, descriptors) = (subject.count("task"), subject.count("fd"))
    var client: RawClient?
    try waitUntil("a second is refused") {
      client?.end()
      let next = try RawClient(port: subject.port)
      client = next
      next.send(
        Array(
          "GET /debug/pprof/trace?seconds=100 HTTP/1.1\r\nHost: 127.0.0.1:\(subject.port)\r\n\r\n"
            .utf8))
      // The other request must not be the first.
      usleep(300_000)
      return try subject.get("trace?seconds=0.01").status == 409
    }
    client?.end()
    try waitUntil("it has ended", seconds: 30) {
      try subject.get("trace?seconds=0.01").status == 200
    }
    try waitUntil("nothing is left", seconds: 30) {
      subject.count("task") <= threads && subject.count("fd") <= descriptors
    }
  }
}
