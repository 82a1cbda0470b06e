import TestSupport
import Testing
import TraceEvents

/// Perfetto finds no contradiction between the switches of a trace that lacks some of them.
@Suite(.needs(PerfettoJudge.requirement)) struct PerfettoSwitchTests {
  private let fixture: TraceFixture

  init() throws { fixture = try TraceFixture() }

  @Test func missingSwitchesLeaveNoContradiction() throws {
    let path = fixture.path("switches.etl")
    var trace = try SampledTrace(path: path)
    for pid in 10...13 as ClosedRange<UInt32> { trace.process(pid, "/bin/p\(pid)") }
    func on(_ pid: UInt32, at time: UInt64) {
      trace.add(ContextSwitch(direction: .on), at: time, pid: pid)
    }
    func off(_ pid: UInt32, at time: UInt64, _ state: ThreadState = .uninterruptible) {
      trace.add(ContextSwitch(direction: .off, state: state), at: time, pid: pid)
    }
    off(10, at: 1000)  // It ran when the recording began.
    on(11, at: 2000)
    off(11, at: 2500)
    off(12, at: 3000)  // Its beginning is missing.
    on(10, at: 4000)  // Its end is missing.
    on(11, at: 4500)
    off(12, at: 5000)  // Its beginning and the end of 11 are missing.
    on(13, at: 6000)
    on(13, at: 6250)  // Its end is missing.
    trace.stream = 1
    on(12, at: 7000)
    trace.stream = 0
    off(13, at: 7500)
    try trace.finish()
    let out = fixture.path("switches.pftrace")
    let run = try ToolRun("export", path, "-o", out)
    #expect(run.exitCode == 0, "\(run.errors)")
    let start = Int(SampledTrace.start)
    let found = try PerfettoJudge(trace: out).rows(
      "select name, value from stats where severity in ('error','data_loss') and value > 0",
      "select ts - \(start), dur, end_state, tid, cpu from sched join thread using(utid) "
        + "where tid > 0 order by ts, dur")
    #expect(found[0] == [])
    #expect(
      found[1].map { $0.joined(separator: " ") } == [
        "2000 500 D 11 0", "3000 0 D 12 0", "4000 500 S 10 0", "4500 500 S 11 0",
        "5000 0 D 12 0", "6000 250 S 13 0", "6250 1250 D 13 0", "7000 -1  12 1",
      ], "\(found[1])")
  }
}
