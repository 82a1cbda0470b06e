import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis
@testable import TraceExport

/// Names and texts that are kept by id are discarded when the ids of forgotten symbols are given to
/// other symbols.
@Suite struct LiveFrameNamesTests {
  static let second: Int64 = 1_000_000_000
  static let address: UInt64 = 0x1000
  /// More than the number of symbols that are kept before the first are forgotten.
  static let rounds = 20_000

  /// Delivers events to the subscribers of their types.
  private final class Script: CodeEventSource {
    private var handlers: [ObjectIdentifier: [(any TraceEvent, EventHeader) throws -> Void]] = [:]

    func on<Event: TraceEvent>(
      _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void
    ) {
      handlers[ObjectIdentifier(type), default: []].append { event, header in
        if let event = event as? Event { try handler(event, header) }
      }
    }

    func onLoss(_ handler: @escaping (LossRecord) throws -> Void) {}

    func hand(_ event: any TraceEvent, at time: Int64) throws {
      var header = EventHeader(startUnixNanoseconds: 0)
      (header.pid, header.tid, header.timestamp) = (1, 1, time)
      for handler in handlers[ObjectIdentifier(type(of: event))] ?? [] {
        try handler(event, header)
      }
    }
  }

  private let symbolizer: LiveSymbolizer
  private let script = Script()

  init() {
    symbolizer = LiveSymbolizer(
      session: SessionDescription(
        name: "live", clock: .monotonic, ticksPerSecond: 1_000_000_000,
        start: ClockSync(ticks: 0, monotonicNanoseconds: 0, realtimeNanoseconds: 0),
        machine: MachineDescription(
          hostName: "host", operatingSystem: "Linux 6.18", architecture: "x86_64", cpuCount: 2)))
    symbolizer.listen(to: script)
  }

  private func load(_ number: Int, at time: Int64) throws {
    try script.hand(
      MethodLoad(
        methodID: UInt64(number + 1), startAddress: Self.address, size: 64, namespace: "",
        name: "method\(number);", signature: ""), at: time)
  }

  private func unload(_ number: Int, at time: Int64) throws {
    try script.hand(
      MethodUnload(
        methodID: UInt64(number + 1), startAddress: Self.address, size: 64, namespace: "",
        name: "method\(number);", signature: ""), at: time)
  }

  /// One method after the other at the same address, with a minute between them.
  @Test func aFrameHasTheNameOfItsTime() throws {
    let names = LiveFrameNames(symbolizer)
    let format = TextFormat()
    for number in 0..<Self.rounds {
      let time = Int64(number + 1) * 60 * Self.second
      try load(number, at: time)
      let answer = symbolizer.resolve(pid: 1, stack: [Self.address], at: time + 10).answer
      let stack = names.frames(of: answer, isFinal: true, in: format)
      let text = HeldLinesTests.written { stack.write(0, in: format, to: &$0) }
      try #require(text.contains("method\(number);"), "\(text) instead of \(number)")
      try unload(number, at: time + Self.second)
    }
    #expect(symbolizer.idChanges > 0)
  }

  /// The same for names that come after the event.
  @Test func aLaterNameIsTheOneOfItsTime() throws {
    let names = LiveFrameNames(symbolizer)
    for number in 0..<Self.rounds {
      let time = Int64(number + 1) * 60 * Self.second
      _ = symbolizer.resolve(pid: 1, stack: [Self.address], at: time)
      try load(number, at: time + Self.second / 10)
      symbolizer.advance(to: time + Self.second)
      let frames = names.takeBackfills().map(\.frame.function)
      try #require(frames == ["method\(number);"])
      try unload(number, at: time + Self.second)
    }
    #expect(symbolizer.idChanges > 0)
  }
}
