import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

@testable import TraceSession

/// A reader that joins a session late gets the same names as if it had been there from the
/// beginning.
@Suite(.randomized) struct LiveNamesTests {
  static func method(_ name: String, at address: UInt64) -> MethodLoad {
    MethodLoad(
      methodID: address, startAddress: address, size: 0x100, namespace: "Shop", name: name,
      signature: "()")
  }

  let hub: LiveHub

  init() throws { hub = try LiveHub(SampledTrace.session, fileID: 7) }

  /// Creates a trace whose blocks are passed to the hub, as in a session without a file.
  func makeTrace() throws -> SampledTrace {
    var options = TraceWriter.Options()
    options.fileID = 7
    var trace = try SampledTrace(path: "/dev/null", options: options)
    trace.writer.onBlock = { [hub] in hub.take($0) }
    return trace
  }

  /// A consumer of samples, and what it received.
  final class Consumer {
    let live: LiveTrace
    let names: LiveSymbolizer
    var first: [String] = []
    var told: [String] = []
    var starts: [String] = []
    var lost: [LossRecord] = []

    init(_ hub: LiveHub, limit: Int = 1 << 20) throws {
      let queue = LiveQueue(limit: limit) {}
      live = try LiveTrace(queue) { hub.leave(queue) }
      hub.join(queue)
      names = LiveSymbolizer(live.file)
      names.subscribe(to: live.replay)
      names.onBackfill = { [unowned self] _, resolution in told.append(name(resolution)) }
      live.replay.on(SampledProfile.self) { [unowned self] _, header in
        for (depth, address) in live.file.stack(header.stack).enumerated() {
          let answer = names.resolve(
            pid: header.pid, address: address, at: header.timestamp, isCaller: depth > 0)
          first.append(name(answer.resolution))
        }
      }
      live.replay.on(ProcessStart.self) { [unowned self] event, _ in starts.append(event.name) }
      live.replay.onLoss { [unowned self] loss in lost.append(loss) }
    }

    private func name(_ resolution: Resolution) -> String {
      resolution.symbolID.map { names.symbol($0).name } ?? "-"
    }
  }

  @Test func whoJoinsLateKnowsProcessesCodeAndSchemas() throws {
    var trace = try makeTrace()
    trace.process(7, "/usr/bin/shop")
    trace.add(ProcessStart(parentPID: 1, name: "shop"), at: 500_000, pid: 7)
    trace.add(Self.method("order", at: 0x1000), at: 1_000_000, pid: 7)
    trace.sample(at: 2_000_000, pid: 7, stack: [0x1010, 0x2020])
    trace.writer.beginStacksAnew()
    let consumer = try Consumer(hub)
    trace.sample(at: 3_000_000, pid: 7, stack: [0x1010, 0x2020])
    trace.add(Self.method("main", at: 0x2000), at: 4_000_000, pid: 7)
    try trace.finish()
    hub.finish(nil)
    try consumer.live.run()
    // The earlier sample is not delivered, but the earlier events about code are.
    #expect(consumer.first == ["Shop.order()", "-"])
    #expect(consumer.told == ["Shop.main()"])
    #expect(consumer.starts == ["shop"])
    #expect(consumer.live.file.processes.map(\.executable) == ["/usr/bin/shop"])
    #expect(consumer.live.file.session == SampledTrace.session)
    #expect(consumer.live.file.damage.isEmpty && consumer.lost.isEmpty)
    let samples = consumer.live.file.eventTypes.first { $0.schema == SampledProfile.schema }
    #expect(samples?.count == 1)
  }

  @Test func aSlowConsumerKnowsWhatItLostAndKeepsItsNames() throws {
    var trace = try makeTrace()
    let consumer = try Consumer(hub, limit: 40_000)
    trace.add(Self.method("order", at: 0x1000), at: 1_000_000, pid: 7)
    try trace.writer.flush()
    var random = SeededGenerator()
    for time in 1...20_000 {
      let noise = UInt64.random(in: 1 << 20..<1 << 40, using: &random)
      trace.sample(at: 1_000_000 + UInt64(time), pid: 7, stack: [0x1010], weight: noise)
      if time % 1000 == 0 { try trace.writer.flush() }
    }
    try trace.finish()
    hub.finish(nil)
    try consumer.live.run()
    let lost = consumer.lost.reduce(0) { $0 + $1.count }
    #expect(lost > 0 && consumer.first.count > 0)
    #expect(consumer.first.count + Int(lost) == 20_000)
    #expect(Set(consumer.first) == ["Shop.order()"])
    #expect(consumer.lost.allSatisfy { $0.cause == .notKept && $0.fromTicks > SampledTrace.start })
    #expect(LostEvents(consumer.live.file.lossTotals).events == lost)
    #expect(hub.dropped == lost)
  }

  @Test func definitionsAreNeverLeftOut() throws {
    var trace = try makeTrace()
    let consumer = try Consumer(hub, limit: 40_000)
    var random = SeededGenerator()
    for index in 100...2000 as ClosedRange<UInt32> {
      let name = (0..<20).map { _ in String(UInt64.random(in: 0 ... .max, using: &random)) }
      trace.process(index, "/bin/" + name.joined())
    }
    try trace.finish()
    hub.finish(nil)
    #expect {
      try consumer.live.run()
    } throws: { error in
      guard case LiveTraceError.tooFarBehind(let bytes) = error else { return false }
      return bytes > 40_000 && "\(error)".contains("too slow")
    }
  }

  @Test func aSessionThatFailsSaysWhy() throws {
    var trace = try makeTrace()
    let consumer = try Consumer(hub)
    trace.add(Self.method("order", at: 0x1000), at: 1_000_000, pid: 7)
    trace.sample(at: 2_000_000, pid: 7, stack: [0x1010])
    try trace.writer.flush()
    let failure = FormatError.io(operation: "write", path: "t.etl", code: 28)
    hub.finish(failure)
    #expect(throws: LiveTraceError.sessionFailed(failure)) { try consumer.live.run() }
    // Earlier events were delivered, and later readers get the same error.
    #expect(consumer.first == ["Shop.order()"])
    let late = try Consumer(hub)
    #expect(throws: LiveTraceError.sessionFailed(failure)) { try late.live.run() }
  }
}
