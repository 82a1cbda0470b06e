import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

/// A trace with samples, switches, counters and events of two threads, and a loss.
private struct TimelineTrace {
  let fixture: TraceFixture
  let path: String

  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("timeline.etl")
    var trace = try SampledTrace(path: path)
    trace.process(10, "/bin/demo \"<&\u{1b}")
    trace.process(11, "/bin/other")
    trace.add(ThreadStart(name: "main"), at: 1, pid: 10, tid: 10)
    trace.add(ThreadStart(name: "worker"), at: 2, pid: 10, tid: 12)
    for number in 0..<10 as Range<UInt64> {
      let time = 1_000_000 * (number + 1)
      trace.sample(
        at: time, pid: 10, tid: number % 2 == 0 ? 10 : 12, stack: [0x10 + number / 4, 0x20, 0x30],
        weight: 1000 + number)
    }
    trace.sample(at: 11_000_000, pid: 11, stack: [])
    trace.add(ContextSwitch(direction: .on), at: 12_000_000, pid: 10, tid: 12)
    trace.add(GCStart(count: 7, depth: 1, reason: .allocSmall), at: 12_100_000, pid: 10, tid: 12)
    trace.add(
      ContextSwitch(direction: .off, state: .uninterruptible), at: 12_500_000, pid: 10, tid: 12)
    trace.add(ContextSwitch(direction: .on), at: 13_000_000, pid: 11, tid: 11)
    trace.add(
      ContextSwitch(direction: .preempted, state: .runnable), at: 13_250_001, pid: 11, tid: 11)
    var counters = MachineCounters()
    (counters.running, counters.available) = (3, 1 << 40)
    trace.add(counters, at: 14_000_000, pid: 10, tid: 10)
    trace.recorder.addLoss(
      LossRecord(
        stream: 0, cpu: 0, cause: .bufferFull, count: 12, fromTicks: SampledTrace.start + 1,
        toTicks: SampledTrace.start + 15_000_000))
    try trace.finish()
  }

  func export(_ name: String, _ options: String...) throws -> String {
    let out = fixture.path(name)
    let run = try RunningTool(["export", path, "-o", out] + options).wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    return out
  }

  func json(_ name: String, _ options: String...) throws -> [String: Any] {
    let out = fixture.path(name)
    let run = try RunningTool(["export", path, "-o", out] + options).wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    let data = try Data(contentsOf: URL(fileURLWithPath: out))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }
}

/// `tracectl export -format perfetto`, as Perfetto's trace processor reads it.
@Suite(.needs(PerfettoJudge.requirement)) struct ExportPerfettoTests {
  private let trace: TimelineTrace

  init() throws { trace = try TimelineTrace() }

  private func rows(_ queries: [String]) throws -> [[[String]]] {
    let judge = PerfettoJudge(trace: try trace.export("t.pftrace"))
    return try queries.map { try judge.rows($0)[0] }
  }

  @Test func everyPartArrives() throws {
    let judge = PerfettoJudge(trace: try trace.export("t.pftrace"))
    let start = Int(SampledTrace.start)
    let found = try judge.rows(
      "select name from stats where severity in ('error','data_loss') and value > 0",
      "select ts, tid, p.pid, p.name from perf_sample s join thread using(utid) "
        + "join process p using(upid) order by ts limit 2",
      "select count(*), count(callsite_id) from perf_sample",
      "select ts, dur, end_state, tid from sched join thread using(utid) where tid > 0 order by ts",
      "select s.ts, s.name, s.category, t.tid, t.name from slice s "
        + "join thread_track k on s.track_id = k.id join thread t using(utid) "
        + "where s.name = 'GCStart'",
      "select a.key, a.display_value from slice s join args a using(arg_set_id) "
        + "where s.name = 'GCStart' order by a.key",
      "select t.name, c.value from counter c join counter_track t on c.track_id = t.id "
        + "where t.name in ('MachineCounters.running', 'MachineCounters.available') order by 1",
      "select name from slice where name = 'events lost'")
    #expect(found[0] == [])
    // The trace processor cuts the name of a process at its first space.
    #expect(
      found[1] == [
        ["\(start + 1_000_000)", "10", "10", "demo"],
        ["\(start + 2_000_000)", "12", "10", "demo"],
      ])
    #expect(found[2] == [["11", "10"]])
    #expect(
      found[3] == [
        ["\(start + 12_000_000)", "500000", "D", "12"],
        ["\(start + 13_000_000)", "250001", "R", "11"],
      ])
    #expect(found[4] == [["\(start + 12_100_000)", "GCStart", "Runtime", "12", "worker"]])
    let arguments = Dictionary(
      found[5].map { ($0[0].replacing("debug.", with: ""), $0[1]) }, uniquingKeysWith: { $1 })
    #expect(arguments["count"] == "7" && arguments["depth"] == "1", "\(arguments)")
    #expect(arguments["reason"] == "AllocSmall", "\(arguments)")
    #expect(
      found[6] == [
        ["MachineCounters.available", "1099511627776.0"], ["MachineCounters.running", "3.0"],
      ] || found[6].map { Double($0[1]) } == [1_099_511_627_776, 3])
    #expect(found[7] == [["events lost"]])
  }

  @Test func stacksAreThoseOfStacks() throws {
    let query = """
      select f.name, count(*) from perf_sample s join stack_profile_callsite c
      on s.callsite_id = c.id join stack_profile_frame f on c.frame_id = f.id group by 1
      """
    let found = try rows([query, "select max(depth) from stack_profile_callsite"])
    #expect(found == [[["?!? (events lost)", "10"]], [["2"]]], "\(found)")
  }

  @Test func chromeJSONIsReadToo() throws {
    let judge = PerfettoJudge(trace: try trace.export("t.json"))
    let found = try judge.rows(
      "select name from stats where severity in ('error','data_loss') and value > 0",
      "select s.name, s.ts - (select min(ts) from slice), dur, t.tid from slice s "
        + "join thread_track k on s.track_id = k.id join thread t using(utid) "
        + "where s.name in ('running', 'GCStart') order by s.ts, s.name",
      "select t.name, c.value from counter c join counter_track t on c.track_id = t.id "
        + "where t.name like '%running%'")
    #expect(found[0] == [])
    #expect(
      found[1].map { [$0[0], $0[2], $0[3]] } == [
        ["running", "500000", "12"], ["GCStart", "0", "12"], ["running", "250001", "11"],
      ], "\(found[1])")
    #expect(found[2].count == 1 && found[2].allSatisfy { Double($0[1]) == 3 }, "\(found[2])")
  }
}

/// `tracectl export` to speedscope and to Chrome's trace events.
@Suite struct ExportJSONTests {
  private let trace: TimelineTrace

  init() throws { trace = try TimelineTrace() }

  @Test func speedscopeHasAProfileForEachThread() throws {
    let json = try trace.json("t.speedscope.json")
    #expect(json["$schema"] as? String == "https://www.speedscope.app/file-format-schema.json")
    let shared = try #require(json["shared"] as? [String: Any])
    let frames = try #require(shared["frames"] as? [[String: Any]])
    let profiles = try #require(json["profiles"] as? [[String: Any]])
    #expect(
      profiles.map { $0["name"] as? String } == [
        "demo \"<&\\x1b (10) main (10)", "demo \"<&\\x1b (10) worker (12)", "other (11)  (11)",
      ])
    var sums: [Int] = []
    for profile in profiles {
      let samples = try #require(profile["samples"] as? [[Int]])
      let weights = try #require(profile["weights"] as? [Int])
      #expect(profile["type"] as? String == "sampled")
      #expect(profile["unit"] as? String == "nanoseconds")
      #expect(samples.count == weights.count && !samples.isEmpty)
      #expect(samples.allSatisfy { !$0.isEmpty && $0.allSatisfy(frames.indices.contains) })
      #expect(profile["endValue"] as? Int == weights.reduce(0, +))
      sums.append(weights.reduce(0, +))
    }
    // 1000, 1002 … 1008; 1001, 1003 … 1009; a millisecond.
    #expect(sums == [5020, 5025, 1_000_000])
  }

  @Test func equalNeighboursAreOneSample() throws {
    let profiles = try #require(
      trace.json("t.speedscope.json")["profiles"] as? [[String: Any]])
    // All frames have the same name, and so all stacks are equal.
    #expect(profiles.map { ($0["samples"] as? [[Int]])?.count } == [1, 1, 1])
  }

  @Test func chromeHasSamplesWithTheirStacks() throws {
    let json = try trace.json("t.json", "-process", "demo*")
    let samples = try #require(json["samples"] as? [[String: Any]])
    let frames = try #require(json["stackFrames"] as? [String: [String: Any]])
    #expect(samples.count == 10)
    #expect(samples.map { $0["weight"] as? Int } == (1000..<1010).map { $0 })
    #expect(samples.first?["ts"] as? Double == 1000 && samples.first?["tid"] as? Int == 10)
    for sample in samples {
      var depth = 0
      var frame = sample["sf"] as? String
      while let name = frame {
        depth += 1
        frame = try #require(frames[name])["parent"] as? String
      }
      #expect(depth == 3)
    }
    let events = try #require(json["traceEvents"] as? [[String: Any]])
    #expect(!events.contains { $0["pid"] as? Int == 11 })
    #expect(events.contains { $0["name"] as? String == "events lost" })
  }

  @Test func wallClockTimeIsNoTimeline() throws {
    try expectOneSentence(of: [
      (["export", trace.path, "-wall", "-format", "chrome"], 64, "choose pprof, folded or svg"),
      (["export", trace.path, "-base", trace.path, "-format", "pprof"], 64, "only svg compares"),
    ])
  }
}

/// `tracectl export -format firefox`: the tables fit together, and have what the trace has. The
/// page itself needs a network.
@Suite struct ExportFirefoxTests {
  private let trace: TimelineTrace
  private let json: [String: Any]
  private let strings: [String]

  init() throws {
    trace = try TimelineTrace()
    json = try trace.json("t.profile.json")
    let shared = try #require(json["shared"] as? [String: Any])
    strings = try #require(shared["stringArray"] as? [String])
  }

  private func threads() throws -> [[String: Any]] {
    try #require(json["threads"] as? [[String: Any]])
  }

  private func table(_ name: String, _ thread: [String: Any]) throws -> [String: Any] {
    try #require(thread[name] as? [String: Any])
  }

  @Test func columnsHaveTheirLength() throws {
    for thread in try threads() {
      for name in [
        "samples", "markers", "stackTable", "frameTable", "funcTable", "resourceTable",
        "nativeSymbols",
      ] {
        let table = try table(name, thread)
        let length = try #require(table["length"] as? Int)
        for (key, value) in table {
          if let column = value as? [Any] { #expect(column.count == length, "\(name).\(key)") }
        }
      }
    }
  }

  @Test func samplesHaveTimesWeightsAndStacks() throws {
    let thread = try #require(try threads().first { $0["tid"] as? Int == 10 })
    #expect(thread["name"] as? String == "main" && thread["pid"] as? String == "10")
    #expect(thread["processName"] as? String == "demo \"<&\\x1b")
    let samples = try table("samples", thread)
    #expect(samples["time"] as? [Double] == [1, 3, 5, 7, 9])
    #expect(samples["threadCPUDelta"] as? [Int] == [1000, 1002, 1004, 1006, 1008])
    #expect(samples["weight"] as? [Double] == [0.001, 0.001002, 0.001004, 0.001006, 0.001008])
    let stacks = try table("stackTable", thread)
    let prefixes = try #require(stacks["prefix"] as? [Any])
    let leaf = try #require((samples["stack"] as? [Int])?.first)
    var path = [leaf]
    while let caller = prefixes[path[path.count - 1]] as? Int {
      #expect(caller < path[path.count - 1])
      path.append(caller)
    }
    #expect(path.count == 3)
    let frames = try #require(stacks["frame"] as? [Int])
    let functions = try #require(try table("frameTable", thread)["func"] as? [Int])
    let names = try #require(try table("funcTable", thread)["name"] as? [Int])
    #expect(strings[names[functions[frames[leaf]]]] == "?!? (events lost)")
  }

  @Test func eventsAreMarkersWithSchemas() throws {
    let thread = try #require(try threads().first { $0["tid"] as? Int == 12 })
    let markers = try table("markers", thread)
    let names = try #require(markers["name"] as? [Int]).map { strings[$0] }
    #expect(names == ["ThreadStart", "GCStart", "running"])
    let data = try #require(markers["data"] as? [[String: Any]])
    #expect(data[1]["type"] as? String == "Runtime/GCStart" && data[1]["_count"] as? Int == 7)
    #expect(data[1]["_reason"] as? String == "AllocSmall")
    #expect(markers["phase"] as? [Int] == [0, 0, 1])
    #expect((markers["startTime"] as? [Double])?[2] == 12)
    #expect((markers["endTime"] as? [Any])?[2] as? Double == 12.5)
    let meta = try #require(json["meta"] as? [String: Any])
    #expect(meta["preprocessedProfileVersion"] as? Int == 58)
    let schemas = try #require(meta["markerSchema"] as? [[String: Any]])
    let known = Set(schemas.compactMap { $0["name"] as? String })
    #expect(data.allSatisfy { known.contains($0["type"] as? String ?? "") })
    let categories = try #require(meta["categories"] as? [[String: Any]])
    #expect(categories[try #require(markers["category"] as? [Int])[1]]["name"] as? String == "GC")
  }

  @Test func pairsAreIntervals() throws {
    let path = trace.fixture.path("pairs.etl")
    try Self.writePairs(path)
    let out = trace.fixture.path("pairs.profile.json")
    let run = try ToolRun("export", path, "-o", out)
    #expect(run.exitCode == 0, "\(run.errors)")
    let data = try Data(contentsOf: URL(fileURLWithPath: out))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let strings = try #require((json["shared"] as? [String: Any])?["stringArray"] as? [String])
    let threads = try #require(json["threads"] as? [[String: Any]])
    let thread = try #require(threads.first { $0["tid"] as? Int == 10 })
    let markers = try table("markers", thread)
    let names = try #require(markers["name"] as? [Int]).map { strings[$0] }
    let ends = try #require(markers["endTime"] as? [Any]).map { $0 as? Double }
    let starts = try #require(markers["startTime"] as? [Double])
    let found = names.indices.map { "\(names[$0]) \(starts[$0]) \(ends[$0] ?? -1)" }
    #expect(
      found == [
        "GCSuspend 1.0 1.5", "GC 1.1 1.4", "MethodJitting 2.0 2.25", "MethodLoad 3.0 -1.0",
        "Contention 4.0 4.5", "Request 5.0 5.75", "GCStart 6.0 -1.0",
        "events lost 7.0 -1.0", "GCEnd 8.0 -1.0", "GCStart 9.0 -1.0",
      ])
    let all = try #require(markers["data"] as? [[String: Any]])
    #expect(all[1]["type"] as? String == "Runtime/GC (interval)" && all[1]["_count"] as? Int == 7)
    #expect(all[1]["_depth"] as? Int == 1 && all[1]["_stop.depth"] as? Int == 2)
    #expect(all[2]["_name"] as? String == "f" && all[2]["_size"] as? Int == 16)
    #expect(all[5]["_status"] as? Int == 200 && all[5]["_stop.path"] as? String == "/b")
    let meta = try #require(json["meta"] as? [String: Any])
    let schemas = try #require(meta["markerSchema"] as? [[String: Any]])
    for row in all {
      let type = try #require(row["type"] as? String)
      let schema = try #require(schemas.first { $0["name"] as? String == type }, "\(type)")
      let keys = try #require(schema["fields"] as? [[String: Any]]).map { $0["key"] as? String }
      #expect(row.keys.allSatisfy { $0 == "type" || keys.contains($0) }, "\(row) \(keys)")
    }
  }

  /// Pairs, one event without its other half, and a pair with a loss in between.
  private static func writePairs(_ path: String) throws {
    func schema(_ id: UInt16, _ name: String, _ opcode: EventOpcode, _ last: FieldSchema)
      -> EventSchema
    {
      EventSchema(
        provider: "Shop", id: id, name: name,
        fields: [FieldSchema("id", .uint64, .activity), FieldSchema("path", .string), last],
        opcode: opcode)
    }
    var pairs = try SampledTrace(path: path)
    let start = schema(1, "RequestStart", .start, FieldSchema("user", .uint64))
    let stop = schema(2, "RequestStop", .stop, FieldSchema("status", .uint64))
    let refs = try [pairs.recorder.number(of: start), pairs.recorder.number(of: stop)]
    func request(_ index: Int, _ path: String, _ last: UInt64, at time: UInt64) throws {
      try pairs.recorder.append(
        numbered: refs[index],
        RecordHeader(ticks: SampledTrace.start + time, process: 10, tid: 10, stream: 0, cpu: 0),
        stack: []
      ) {
        $0.encode(5 as UInt64)
        $0.encode(path)
        $0.encode(last)
      }
    }
    pairs.process(10, "/bin/demo")
    func at(_ time: UInt64, _ event: some TraceEvent, tid: UInt32 = 10) {
      pairs.add(event, at: time * 1000, pid: 10, tid: tid)
    }
    at(1000, GCSuspendBegin(reason: .forGC, count: 7))
    at(1100, GCStart(count: 7, depth: 1, reason: .allocSmall))
    // The end comes from another thread.
    at(1400, GCEnd(count: 7, depth: 2), tid: 11)
    at(1500, GCRestartEnd(), tid: 11)
    at(2000, MethodJittingStarted(methodID: 3, ilSize: 9, namespace: "n", name: "f", signature: ""))
    at(
      2250,
      MethodLoad(
        methodID: 3, startAddress: 4096, size: 16, tier: .optimized, namespace: "n", name: "f",
        signature: ""))
    at(
      3000,
      MethodLoad(
        methodID: 4, startAddress: 8192, size: 16, tier: .optimized, namespace: "n", name: "g",
        signature: ""))
    at(4000, ContentionStart(lockID: 1))
    at(4500, ContentionStop(duration: 0, lockID: 1))
    try request(0, "/a", 1, at: 5_000_000)
    try request(1, "/b", 200, at: 5_750_000)
    at(6000, GCStart(count: 8, depth: 0, reason: .allocSmall))
    pairs.recorder.addLoss(
      LossRecord(
        stream: 0, cpu: 0, cause: .bufferFull, count: 1,
        fromTicks: SampledTrace.start + 6_500_000, toTicks: SampledTrace.start + 7_000_000))
    at(8000, GCEnd(count: 8, depth: 0))
    at(9000, GCStart(count: 9, depth: 0, reason: .allocSmall))
    try pairs.finish()
  }

  @Test func countersAreDifferences() throws {
    let counters = try #require(json["counters"] as? [[String: Any]])
    let running = try #require(
      counters.first { $0["name"] as? String == "MachineCounters.running" })
    let samples = try #require(running["samples"] as? [String: Any])
    #expect(samples["count"] as? [Double] == [3] && samples["time"] as? [Double] == [14])
  }
}
