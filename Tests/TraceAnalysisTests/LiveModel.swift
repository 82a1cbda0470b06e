import TestSupport
import TraceEvents
import TraceFormat
import TraceSymbols

@testable import TraceAnalysis

/// Images of two functions each, by path: "a.so!first" below 0x800, "a.so!second" above.
final class FakeImages: ImageSymbolProvider {
  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    let start: UInt64 = offset < 0x800 ? 0 : 0x800
    let name = image.path + (start == 0 ? "!first" : "!second")
    return .function(FunctionSymbol(offset: start, size: 0x800, name: name))
  }
}

/// Delivers events to the subscribers of their types, in any order.
final class EventScript: CodeEventSource {
  private var handlers: [ObjectIdentifier: [(any TraceEvent, EventHeader) throws -> Void]] = [:]

  func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void
  ) {
    handlers[ObjectIdentifier(type), default: []].append { event, header in
      try handler(event as! Event, header)
    }
  }

  func onLoss(_ handler: @escaping (LossRecord) throws -> Void) {}

  func hand(_ event: any TraceEvent, pid: UInt32, at time: Int64, isRundown: Bool = false) {
    var header = EventHeader(startUnixNanoseconds: 0)
    (header.pid, header.tid, header.timestamp) = (pid, pid, time)
    if isRundown { header.flags.insert(.rundown) }
    for handler in handlers[ObjectIdentifier(type(of: event))] ?? [] { try! handler(event, header) }
  }
}

/// A step of a trace: an event, or a lookup.
struct ScriptStep {
  enum Kind {
    case event(any TraceEvent, isRundown: Bool)
    case lookup(UInt64, isCaller: Bool)
  }

  var time: Int64
  var pid: UInt32
  var kind: Kind
}

/// The final answer of a lookup.
struct FinalAnswer: Equatable, CustomStringConvertible {
  var name: String?
  var offset: UInt64 = 0
  var isUncertain = false

  init(_ resolution: Resolution, _ symbol: (SymbolID) -> CodeSymbol) {
    isUncertain = resolution.isUncertain
    guard case .symbol(let id, let offset, _) = resolution else { return }
    name = symbol(id).name + " \(symbol(id).source)"
    self.offset = offset
  }

  var description: String { name.map { "\($0)+\(offset)" + (isUncertain ? "?" : "") } ?? "-" }
}

extension SymbolizerOptions {
  static var test: SymbolizerOptions {
    var options = SymbolizerOptions()
    options.imageSymbols = [FakeImages()]
    return options
  }
}

/// A session's description in which the trace begins at 0.
func testSession() -> SessionDescription {
  SessionDescription(
    name: "live", clock: .monotonic, ticksPerSecond: 1_000_000_000,
    start: ClockSync(ticks: 0, monotonicNanoseconds: 0, realtimeNanoseconds: 0),
    machine: MachineDescription(
      hostName: "host", operatingSystem: "Linux 6.18", architecture: "x86_64", cpuCount: 2))
}

extension [ScriptStep] {
  /// The answers from the map of a whole file, by the step's index.
  func answersOfFile() -> [Int: FinalAnswer] {
    let script = EventScript()
    var options = SymbolizerOptions.test
    options.keepsLines = false
    let feed = CodeFeed(CodeMap(options: .test), nil, options: options) { 0 }
    feed.subscribe(to: script)
    for step in sorted(by: { $0.time < $1.time }) {
      guard case .event(let event, let isRundown) = step.kind else { continue }
      script.hand(event, pid: step.pid, at: step.time, isRundown: isRundown)
    }
    feed.map.seal()
    let naming = Naming(feed, sources: [FakeImages()], options: .test)
    var answers: [Int: FinalAnswer] = [:]
    for (index, step) in enumerated() {
      guard case .lookup(let address, let isCaller) = step.kind else { continue }
      let generation = feed.map.lives.generation(
        step.pid, at: step.time, edge: naming.map.options.clockEdgeNanoseconds)
      let entry = naming.answer(
        generation, pid: step.pid, isCaller ? address - 1 : address, at: step.time)
      answers[index] = FinalAnswer(
        naming.resolution(entry, isCaller: isCaller), naming.symbol)
    }
    return answers
  }

  /// The answers of a live symbolizer that gets the events and lookups in the order of the steps.
  func answersOfStream(_ names: LiveSymbolizer) -> [Int: FinalAnswer] {
    let script = EventScript()
    names.listen(to: script)
    var answers: [Int: FinalAnswer] = [:]
    var waiting: [PendingTicket: Int] = [:]
    names.onBackfill = { ticket, resolution in
      answers[waiting[ticket]!] = FinalAnswer(resolution, names.symbol)
    }
    for (index, step) in enumerated() {
      switch step.kind {
      case .event(let event, let isRundown):
        script.hand(event, pid: step.pid, at: step.time, isRundown: isRundown)
      case .lookup(let address, let isCaller):
        let answer = names.resolve(
          pid: step.pid, address: address, at: step.time, isCaller: isCaller)
        answers[index] = FinalAnswer(answer.resolution, names.symbol)
        if let ticket = answer.ticket { waiting[ticket] = index }
      }
    }
    names.finish()
    return answers
  }

  /// Whether this was the file's answer after the announcements up to about `time`.
  func wasAnswer(_ answer: FinalAnswer?, at index: Int, about time: Int64) -> Bool {
    let cuts = [time] + map(\.time).filter { $0 > time && $0 < time + 200_000_000 }
    return cuts.contains { cut in
      let told =
        self[...index].filter { $0.time <= cut }
        + self[(index + 1)...].filter {
          $0.time <= cut
        }
      let position = self[..<index].count { $0.time <= cut }
      return told.answersOfFile()[position] == answer
    }
  }
}
