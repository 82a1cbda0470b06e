import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// A live trace in order delivers what a run over the finished file delivers, in the same order.
@Suite struct InOrderTests {
  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/t.etl" }

  /// Two streams, of which the second lags behind the flushes: each flush leaves later events of
  /// the first in the file.
  private func write(_ trace: inout SampledTrace, round: UInt64) throws {
    let base = round * 1000
    for step in 0..<100 as Range<UInt64> {
      trace.stream = 0
      trace.add(GCRestartEnd(), at: base + 500 + step * 10, pid: 7, tid: UInt32(round))
    }
    for step in 0..<100 as Range<UInt64> {
      trace.stream = 1
      trace.add(GCSuspendEnd(), at: base + step * 10 + 3, pid: 7, tid: UInt32(round))
    }
    trace.writer.loss(
      LossRecord(
        stream: 0, cpu: 0, cause: .bufferFull, count: round + 1,
        fromTicks: SampledTrace.start + base, toTicks: SampledTrace.start + base + 700))
    try trace.writer.flush(completeTo: SampledTrace.start + base + 500)
  }

  private final class Log {
    var times: [Int64] = []
    var losses: [UInt64] = []

    func listen(to replay: Replay) {
      replay.onAny { [self] in times.append($0.header.timestamp) }
      replay.onLoss { [self] in
        losses.append($0.count)
        times.append(.min)
      }
    }
  }

  @Test func sameOrder() throws {
    var trace = try SampledTrace(path: path)
    try write(&trace, round: 0)
    let live = LiveTrace(following: try TraceFile(path: path), inOrder: true)
    let log = Log()
    log.listen(to: live.replay)
    #expect(try live.next() == .blocks)
    #expect(live.replay.deliveredTime == 500)
    #expect(log.times.filter { $0 >= 0 }.max() ?? 0 <= 500 && !log.times.isEmpty)
    #expect(log.losses.isEmpty)
    for round in 1...3 as ClosedRange<UInt64> {
      try write(&trace, round: round)
      #expect(try live.next() == .blocks)
      #expect(log.times.filter { $0 >= 0 }.max() ?? 0 <= Int64(round) * 1000 + 500)
    }
    try trace.finish()
    while try live.next() != .end {}
    #expect(live.replay.deliveredTime == .max)
    let whole = Log()
    let replay = Replay(try TraceFile(path: path))
    whole.listen(to: replay)
    try replay.run()
    #expect(log.times == whole.times && log.times.count == 804)
    #expect(log.losses == whole.losses)
  }

  /// Events that are recorded after the time to which the file is complete come in the next run.
  @Test func lateEvents() throws {
    var trace = try SampledTrace(path: path)
    trace.add(GCRestartEnd(), at: 100, pid: 7)
    try trace.writer.flush(completeTo: SampledTrace.start + 500)
    let live = LiveTrace(following: try TraceFile(path: path), inOrder: true)
    let log = Log()
    log.listen(to: live.replay)
    _ = try live.next()
    trace.stream = 1
    trace.add(GCRestartEnd(), at: 50, pid: 7)
    trace.add(GCRestartEnd(), at: 900, pid: 7)
    try trace.writer.flush(completeTo: SampledTrace.start + 600)
    #expect(try live.next() == .blocks)
    #expect(log.times == [100, 50])
    // The writer is gone.
    try live.handOutRest()
    #expect(log.times == [100, 50, 900])
    try trace.finish()
  }

  /// Nothing is known to be complete.
  @Test func noStatement() throws {
    var trace = try SampledTrace(path: path)
    trace.add(GCRestartEnd(), at: 100, pid: 7)
    try trace.writer.flush()
    let live = LiveTrace(following: try TraceFile(path: path), inOrder: true)
    let log = Log()
    log.listen(to: live.replay)
    _ = try live.next()
    #expect(log.times.isEmpty)
    try trace.finish()
    while try live.next() != .end {}
    #expect(log.times == [100])
  }

  @Test func lossesAhead() throws {
    var trace = try SampledTrace(path: path)
    try write(&trace, round: 0)
    try trace.finish()
    let replay = Replay(try TraceFile(path: path))
    var isFirst = true
    var found: [UInt64] = []
    replay.onLossAhead {
      #expect(isFirst)
      found.append($0.count)
    }
    replay.onAny { _ in isFirst = false }
    try replay.run()
    try replay.run()
    #expect(found == [1] && !isFirst)
  }
}
