import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat
import TraceView

/// The states of threads in the timeline.
@Suite struct TimelineStatesTests {
  private let directory = TemporaryDirectory()

  /// Milliseconds of the states of a thread.
  private func states(_ shown: ShownTrace, tid: Int) throws -> [Double] {
    let answer = try shown.get("api/timeline?columns=100&expand=1,2")
    let value = try JSONSerialization.jsonObject(with: Foundation.Data(answer.body))
    let view = try #require(value as? [String: Any])
    let from = try #require(view["from_ns"] as? Int)
    let to = try #require(view["to_ns"] as? Int)
    let lanes = try #require(view["lanes"] as? [[String: Any]])
    let lane = try #require(lanes.first { $0["tid"] as? Int == tid })
    return ["running", "runnable", "blocked"].map { key in
      let shares = lane[key] as? [Double] ?? []
      return (shares.reduce(0, +) / 1000 * Double(to - from + 1) / 100 / 1e4).rounded() / 100
    }
  }

  @Test func statesEndWithTheirProcess() throws {
    let path = directory.path + "/t.etl"
    var trace = try SampledTrace(path: path)
    let ms: UInt64 = 1_000_000
    // 1 runs to its end, 11 waits, and 12 has ended before.
    trace.add(ContextSwitch(direction: .on, state: .runnable), at: 0, pid: 1, tid: 1)
    trace.add(ContextSwitch(direction: .off, state: .sleeping), at: 0, pid: 1, tid: 11)
    trace.add(ContextSwitch(direction: .on, state: .runnable), at: 0, pid: 1, tid: 12)
    trace.add(ContextSwitch(direction: .on, state: .runnable), at: 0, pid: 2, tid: 2)
    trace.add(ThreadStop(), at: 1 * ms, pid: 1, tid: 12)
    // It leaves its CPU for the last time.
    trace.add(ContextSwitch(direction: .off, state: .unknown), at: 1 * ms, pid: 1, tid: 12)
    trace.add(ProcessStop(), at: 3 * ms, pid: 1, tid: 1)
    // The number is used again.
    trace.add(ContextSwitch(direction: .on, state: .runnable), at: 7 * ms, pid: 1, tid: 1)
    trace.add(ProcessStop(), at: 8 * ms, pid: 1, tid: 1)
    trace.add(ContextSwitch(direction: .off, state: .dead), at: 8 * ms, pid: 1, tid: 1)
    trace.add(ContextSwitch(direction: .preempted, state: .runnable), at: 10 * ms, pid: 2, tid: 2)
    try trace.finish()
    let shown = try ShownTrace(path: path)
    #expect(try states(shown, tid: 1) == [4, 0, 0])
    #expect(try states(shown, tid: 11) == [0, 0, 3])
    #expect(try states(shown, tid: 12) == [1, 0, 0])
    #expect(try states(shown, tid: 2) == [10, 0, 0])
  }

  /// A thread that ends runs in the kernel for a moment, without its number at last.
  @Test func aThreadWithoutItsNumberLeavesItsCPU() throws {
    let path = directory.path + "/t.etl"
    var trace = try SampledTrace(path: path)
    let ms: UInt64 = 1_000_000
    trace.add(ContextSwitch(direction: .on, state: .unknown), at: 0, pid: 1, tid: 11)
    trace.add(ContextSwitch(direction: .preempted, state: .runnable), at: 2 * ms, pid: 1, tid: .max)
    trace.add(ContextSwitch(direction: .on, state: .unknown), at: 3 * ms, pid: 1, tid: .max)
    trace.add(ContextSwitch(direction: .on, state: .unknown), at: 4 * ms, pid: 2, tid: 2)
    trace.add(ContextSwitch(direction: .preempted, state: .runnable), at: 10 * ms, pid: 2, tid: 2)
    try trace.finish()
    let shown = try ShownTrace(path: path)
    #expect(try states(shown, tid: 11) == [2, 0, 0])
    #expect(try states(shown, tid: 2) == [6, 0, 0])
  }
}
