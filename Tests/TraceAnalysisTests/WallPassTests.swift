import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// The call tree of wall-clock time: what is below a thread adds up to its life.
@Suite struct WallPassTests {
  private let directory = TemporaryDirectory()

  private func report(
    _ options: StackOptions = StackOptions(), _ body: (inout SampledTrace) throws -> Void
  ) throws -> StackReport {
    let path = directory.path + "/trace.etl"
    var trace = try SampledTrace(path: path)
    trace.process(7, "/bin/shop")
    try body(&trace)
    try trace.finish()
    let report = try WallPass(options).report(from: Replay(TraceFile(path: path)))
    let wall = try #require(report.wall)
    #expect(report.totals.metric.weight == wall.times.life_ns)
    return report
  }

  /// Stacks and their times, from the outermost frame to the innermost.
  private func folded(_ report: StackReport) -> [String: UInt64] {
    var lines: [String: UInt64] = [:]
    let tree = report.calls.tree
    for node in 0..<tree.count where tree.exclusive[node].weight > 0 {
      let names = tree.path(to: node).map { report.frames[$0].name }
      lines[names.joined(separator: ";")] = tree.exclusive[node].weight
    }
    return lines
  }

  private func on(_ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64) {
    trace.add(ContextSwitch(direction: .on), at: time, pid: 7, tid: tid)
  }

  private func off(
    _ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64,
    _ direction: SwitchDirection = .off, _ state: ThreadState = .sleeping, stack: [UInt64] = []
  ) {
    trace.add(
      ContextSwitch(direction: direction, state: state), at: time, pid: 7, tid: tid, stack: stack)
  }

  /// Born at 100, runs from 110 to 200 with three samples, is stopped until it is woken at 300,
  /// runs from 320, loses the CPU from 400 to 450, and ends at 500.
  private func life(_ trace: inout SampledTrace, _ tid: UInt32 = 8, samples: Bool = true) {
    trace.add(ThreadStart(name: "worker"), at: 100, pid: 7, tid: tid)
    on(&trace, tid, at: 110)
    if samples {
      trace.sample(at: 120, pid: 7, tid: tid, stack: [0x10], weight: 3)
      trace.sample(at: 130, pid: 7, tid: tid, stack: [0x10], weight: 3)
      trace.sample(at: 140, pid: 7, tid: tid, stack: [], weight: 1)
    }
    off(&trace, tid, at: 200, .off, .stopped, stack: [0x20])
    trace.add(
      ReadyThread(threadID: tid, context: .thread), at: 300, pid: 7, tid: 70, stack: [0x50])
    on(&trace, tid, at: 320)
    off(&trace, tid, at: 400, .preempted, stack: [0x30])
    on(&trace, tid, at: 450)
    trace.add(ThreadStop(name: ""), at: 500, pid: 7, tid: tid)
  }

  private func end(_ trace: inout SampledTrace, at time: UInt64) {
    trace.add(ProcessStart(parentPID: 1, name: "x"), at: time, pid: 9)
  }

  private var separately: StackOptions {
    var options = StackOptions()
    options.selection.separatesThreads = true
    return options
  }

  @Test func aWholeLife() throws {
    let report = try report(separately) {
      life(&$0)
      end(&$0, at: 1000)
    }
    let thread = "Process shop (7);Thread worker (8)"
    let code = "\(thread);?!? (never announced)"
    let found = folded(report)
    // 220 ns of running time: 6/7 at the stack of two samples, the rest without a stack.
    #expect(found["\(code)"] == 189 && found[thread] == 31, "\(found)")
    #expect(found["\(code);[blocked: signal]"] == 100)
    #expect(found["\(code);[runnable]"] == 70 && found["\(thread);[runnable]"] == 10)
    #expect(found.values.reduce(0, +) == 400 && found.count == 5)
    let wall = try #require(report.wall)
    #expect(wall.samples == 3 && wall.hasWakeUps && wall.hasStacks)
    #expect(wall.times.running_ns == 220 && wall.times.runnable_ns == 80)
    #expect(wall.times.blocked_ns == 100 && wall.times.unknown_ns == 0)
    #expect(report.totals.threadCount == 1 && report.totals.times == 100...500)
    #expect(report.totals.withoutStack.weight == 41 && report.totals.unresolved.weight == 359)
    #expect(report.totals.processes.map(\.metric.weight) == [400])
  }

  /// Samples count only for their own thread, whose time is also shown without its name.
  @Test func threadsTogether() throws {
    let found = folded(
      try report {
        life(&$0)
        life(&$0, 9, samples: false)
        end(&$0, at: 1000)
      })
    let process = "Process shop (7)"
    #expect(found["\(process);[running]"] == 220 && found["\(process);[runnable]"] == 20)
    #expect(found["\(process);?!? (never announced);[blocked: signal]"] == 200)
    #expect(found["\(process);?!? (never announced)"] == 189 && found[process] == 31)
    #expect(found.values.reduce(0, +) == 800)
  }

  @Test func aSelectionCutsTimes() throws {
    var options = StackOptions()
    options.selection.filter.time = 150...310
    options.selection.filter.tids = [8]
    let report = try report(options) {
      life(&$0)
      life(&$0, 9)
      end(&$0, at: 1000)
    }
    // The samples are outside.
    let found = folded(report)
    #expect(found["Process shop (7);[running]"] == 50, "\(found)")
    #expect(report.wall?.times.life_ns == 160 && report.wall?.samples == 0)
    options.selection.filter.tids = [12]
    #expect(throws: NothingToReport.self) { try self.report(options) { life(&$0) } }
    #expect(throws: NothingToReport.self) {
      try self.report { $0.sample(at: 1, pid: 7, stack: [0x10]) }
    }
  }

  @Test func lostEventsAreUnknown() throws {
    let report = try report {
      on(&$0, 9, at: 600)
      off(&$0, 9, at: 700, stack: [0x10])
      $0.recorder.addLoss(
        LossRecord(
          stream: 0, cpu: 0, cause: .kernelBufferFull, count: 3,
          fromTicks: SampledTrace.start + 800, toTicks: SampledTrace.start + 900))
      on(&$0, 9, at: 950)
      end(&$0, at: 1000)
    }
    #expect(
      folded(report) == [
        "Process shop (7);[running]": 150, "Process shop (7);[unknown]": 250,
      ])
  }

  /// Weights that cannot be true do not spoil the sums.
  @Test func hostileWeights() throws {
    let huge = UInt64.max
    for weights in [[huge, huge], [0, 0], [huge, 0]] {
      let report = try report {
        $0.add(ThreadStart(name: ""), at: 100, pid: 7, tid: 8)
        on(&$0, 8, at: 100)
        for (number, weight) in weights.enumerated() {
          $0.sample(
            at: 110 + UInt64(number), pid: 7, tid: 8, stack: number == 0 ? [] : [0x10],
            weight: weight)
        }
        end(&$0, at: 1000)
      }
      let sums = folded(report)
      #expect(sums.values.reduce(0, +) == 900, "\(weights): \(sums)")
      #expect((sums["Process shop (7);[running]"] == 900) == (weights != [huge, 0]))
    }
  }

  @Test func patternsApply() throws {
    var options = StackOptions()
    options.shaping.include = [try FramePattern("[blocked")]
    options.parts.callers = try FramePattern("[blocked: signal]")
    let report = try report(options) {
      life(&$0)
      end(&$0, at: 1000)
    }
    #expect(report.calls.total.weight == 100 && report.callers?.calls.total.weight == 100)
    options.shaping.include = [try FramePattern("none")]
    #expect(throws: StackReportError.noneFits(events: 7)) {
      try self.report(options) { life(&$0) }
    }
  }
}
