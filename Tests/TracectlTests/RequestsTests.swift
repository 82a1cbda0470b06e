import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

/// The options, formats, errors and pairings of `tracectl requests`.
@Suite struct RequestsTests {
  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/t.etl" }

  private func trace(_ body: (inout SampledTrace) -> Void) throws -> String {
    var trace = try SampledTrace(path: path)
    try trace.recorder.define([TaskBegin.self, TaskEnd.self, CallStart.self, CallStop.self])
    trace.process(7, "/bin/shop")
    body(&trace)
    try trace.finish()
    return path
  }

  private func process(_ path: String) throws -> [String: Any] {
    let run = try ToolRun("requests", path, "-format", "json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    return try #require((object["processes"] as? [[String: Any]])?.first)
  }

  private func some() throws -> String {
    try trace { trace in
      for number in 1...3 as ClosedRange<UInt64> {
        let time = number * 1_000_000
        let parent = "00-\(number)"
        trace.add(CallStart(parent: parent, route: "GET \(number % 2)"), at: time, pid: 7, tid: 8)
        trace.sample(at: time + 10, pid: 7, tid: 8, stack: [], weight: 400)
        trace.sample(at: time + 20, pid: 7, tid: 9, stack: [], weight: 99)
        trace.add(GCEnd(count: 1, depth: 0), at: time + 30, pid: 7, tid: 8)
        let tid: UInt32 = number == 3 ? 9 : 8
        trace.add(CallStop(parent: parent), at: time + 1000 * number, pid: 7, tid: tid)
      }
    }
  }

  @Test func text() throws {
    let run = try ToolRun("requests", try some(), "-top", "1")
    #expect(run.exitCode == 0)
    for text in [
      "Process shop (7): 3 requests", "Call GET 1", "… and 1 more; -top 2 shows all",
      "3.00 µs", "several",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func csv() throws {
    let run = try ToolRun("requests", try some(), "-format", "csv", "-from", "1ms")
    let rows = run.output.components(separatedBy: "\r\n")
    #expect(rows.count == 4 && rows[0].hasPrefix("pid,name,provider,activity,request,count,rate"))
    #expect(rows[1].hasPrefix("7,shop,Web,Call,GET 1,2,"))
    #expect(rows[1].hasSuffix(",4000,2000,1000,3000,3000,3000,3000,3000"))
  }

  @Test func splits() throws {
    let slowest = try #require(try process(some())["slowest"] as? [[String: Any]])
    #expect(slowest.map { $0["id"] as? String } == ["00-3", "00-2", "00-1"])
    #expect(slowest.map { $0["cpu_ns"] as? Int } == [nil, 400, 400])
    let events = slowest.map { $0["events"] as? [[String: Any]] ?? [] }
    #expect(events[0].isEmpty)
    #expect(events[1].map { $0["event"] as? String } == ["Runtime.GCEnd"])
    #expect(events[1].map { $0["count"] as? Int } == [1])
  }

  /// The parts of pauses that are within the request count.
  @Test func pauses() throws {
    let path = try trace { trace in
      trace.add(GCSuspendBegin(reason: .forGC, count: 1), at: 50, pid: 7, tid: 9)
      trace.add(CallStart(parent: "1"), at: 100, pid: 7)
      trace.add(GCRestartEnd(), at: 200, pid: 7, tid: 9)
      trace.add(GCSuspendBegin(reason: .forGC, count: 2), at: 300, pid: 7, tid: 9)
      trace.add(GCRestartEnd(), at: 350, pid: 7, tid: 9)
      trace.add(GCSuspendBegin(reason: .forGC, count: 3), at: 590, pid: 7, tid: 9)
      trace.add(CallStop(parent: "1"), at: 600, pid: 7)
      trace.add(GCRestartEnd(), at: 700, pid: 7, tid: 9)
    }
    let slowest = try #require(try process(path)["slowest"] as? [[String: Any]])
    #expect(slowest.map { $0["gc_pause_ns"] as? Int } == [100 + 50 + 10])
  }

  /// What context switches say of the thread, up to the nanosecond.
  @Test func states() throws {
    let path = try trace { trace in
      func turn(_ direction: SwitchDirection, at time: UInt64) {
        trace.add(
          ContextSwitch(direction: direction, state: direction == .off ? .sleeping : .unknown),
          at: time, pid: 7, tid: 8)
      }
      turn(.on, at: 50)
      trace.add(CallStart(parent: "waits"), at: 100, pid: 7, tid: 8)
      turn(.off, at: 150)
      trace.add(ReadyThread(threadID: 8, context: .thread), at: 400, pid: 9, tid: 9)
      turn(.on, at: 430)
      trace.add(CallStart(parent: "inner"), at: 440, pid: 7, tid: 8)
      turn(.preempted, at: 500)
      turn(.on, at: 520)
      trace.add(CallStop(parent: "inner"), at: 540, pid: 7, tid: 8)
      trace.add(CallStop(parent: "waits"), at: 600, pid: 7, tid: 8)
      turn(.off, at: 610)
      // The switch before is missing, as its loss says.
      turn(.on, at: 700)
      trace.add(CallStart(parent: "lossy"), at: 710, pid: 7, tid: 8)
      trace.writer.loss(
        LossRecord(
          stream: 1 << 30, cpu: 0, cause: .kernelBufferFull, count: 1,
          fromTicks: SampledTrace.start + 720, toTicks: SampledTrace.start + 730))
      trace.add(CallStop(parent: "lossy"), at: 800, pid: 7, tid: 8)
      // Other threads.
      trace.add(CallStart(parent: "moved"), at: 800, pid: 7, tid: 8)
      trace.add(CallStop(parent: "moved"), at: 890, pid: 7, tid: 9)
    }
    let slowest = try #require(try process(path)["slowest"] as? [[String: Any]])
    func values(_ id: String, _ key: String) -> Int? {
      slowest.first { $0["id"] as? String == id }?[key] as? Int
    }
    let keys = ["running_ns", "runnable_ns", "blocked_ns"]
    #expect(keys.map { values("waits", $0) } == [200, 50, 250])
    #expect(keys.map { values("inner", $0) } == [80, 20, 0])
    for id in ["lossy", "moved"] { #expect(keys.map { values(id, $0) } == [nil, nil, nil]) }
    let text = try ToolRun("requests", path).output
    #expect(text.contains("ready") && text.contains("250 ns"), "\(text)")
  }

  /// The ids of a W3C trace context.
  @Test func traceContext() throws {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    let path = try trace { trace in
      for (index, id) in [parent, parent.uppercased(), parent + "-x"].enumerated() {
        let time = UInt64(index) * 100
        trace.add(CallStart(parent: id), at: time, pid: 7)
        trace.add(CallStop(parent: id), at: time + 50 - UInt64(index), pid: 7)
      }
    }
    let slowest = try #require(try process(path)["slowest"] as? [[String: Any]])
    #expect(slowest.map { $0["id"] as? String }.first == parent)
    #expect(
      slowest.map { $0["trace_id"] as? String } == ["4bf92f3577b34da6a3ce929d0e0e4736", nil, nil])
    #expect(slowest.map { $0["span_id"] as? String } == ["00f067aa0ba902b7", nil, nil])
  }

  /// Without a field that identifies the activity, it is the thread's.
  @Test func byThread() throws {
    let path = try trace { trace in
      trace.add(TaskBegin(), at: 100, pid: 7, tid: 8)
      trace.add(TaskBegin(), at: 200, pid: 7, tid: 9)
      trace.add(TaskEnd(), at: 300, pid: 7, tid: 8)
      trace.add(TaskEnd(), at: 600, pid: 7, tid: 9)
    }
    let group = try #require((try process(path)["groups"] as? [[String: Any]])?.first)
    #expect(group["activity"] as? String == "Task" && group["count"] as? Int == 2)
    #expect(group["total_ns"] as? Int == 600)
  }

  @Test func whatHasNoEndIsNotCounted() throws {
    let path = try trace { trace in
      let record = LossRecord(
        stream: 0, cpu: 0, cause: .bufferFull, count: 3, fromTicks: SampledTrace.start + 450,
        toTicks: SampledTrace.start + 460, processIndex: 7)
      trace.add(CallStop(parent: "early"), at: 50, pid: 7)
      trace.add(CallStart(parent: "twice"), at: 100, pid: 7)
      trace.add(CallStart(parent: "twice"), at: 200, pid: 7)
      trace.add(CallStop(parent: "twice"), at: 300, pid: 7)
      trace.add(CallStart(parent: "lossy"), at: 400, pid: 7)
      trace.writer.loss(record)
      trace.add(CallStop(parent: "lossy"), at: 500, pid: 7)
      // A loss that is recorded after the stop.
      trace.add(CallStart(parent: "late"), at: 510, pid: 7)
      trace.add(CallStop(parent: "late"), at: 520, pid: 7)
      var late = record
      (late.fromTicks, late.toTicks) = (SampledTrace.start + 515, SampledTrace.start + 530)
      trace.writer.loss(late)
      trace.add(CallStart(parent: "last"), at: 600, pid: 7)
    }
    let process = try process(path)
    let groups = try #require(process["groups"] as? [[String: Any]])
    #expect(groups.map { $0["total_ns"] as? Int } == [100])
    #expect(process["stops_without_start"] as? Int == 1)
    let open = try #require(process["open"] as? [[String: Any]])
    #expect(open.map { $0["id"] as? String } == ["twice", "lossy", "late", "last"])
    #expect(
      open.map { $0["reason"] as? String } == [
        "it was started again", "events are missing", "events are missing", "the trace ended",
      ])
    #expect(process["open_count"] as? Int == 4)
  }

  @Test func errors() throws {
    let path = try some()
    let empty = directory.path + "/empty.etl"
    var trace = try SampledTrace(path: empty)
    trace.sample(at: 1, pid: 7, stack: [])
    try trace.finish()
    try expectOneSentence(of: [
      (["requests", empty], 65, "no events that start and stop requests; give such events"),
      (["requests", path, "-process", "java"], 64, "match the processes and times; omit some"),
      (["requests", path, "-top", "-1"], 64, "-top"),
      (["requests", path, "-format", "folded"], 64, "use one of text, json, csv"),
    ])
  }
}

private struct CallStart: ListedEvent {
  var parent = ""
  var route = ""

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    of: Self.self, provider: "Web", name: "CallStart", opcode: .start)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("parent", \.parent, hint: .activity)
    list.field("route", \.route, hint: .activityName)
  }
}

private struct CallStop: ListedEvent {
  var parent = ""

  static var eventID: UInt16 { 2 }
  static let schema = EventSchema(of: Self.self, provider: "Web", name: "CallStop", opcode: .stop)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("parent", \.parent, hint: .activity)
  }
}

private struct TaskBegin: ListedEvent {
  static var eventID: UInt16 { 3 }
  static let schema = EventSchema(
    of: Self.self, provider: "Web", name: "TaskBegin", opcode: .start)
  static func fields(_: inout some FieldList<Self>) {}
}

private struct TaskEnd: ListedEvent {
  static var eventID: UInt16 { 4 }
  static let schema = EventSchema(of: Self.self, provider: "Web", name: "TaskEnd", opcode: .stop)
  static func fields(_: inout some FieldList<Self>) {}
}
