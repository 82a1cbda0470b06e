import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis
@testable import TraceExport

/// Reports of traces that a hostile program filled: events in any order, with any values. Nothing
/// traps, and every format is written.
@Suite(.randomized) struct HostileReportsTests {
  private let directory = TemporaryDirectory()

  @Test(arguments: 0..<Rounds.count(6)) func anyEvents(_ round: Int) throws {
    let path = directory.path + "/t.etl"
    var random = SeededGenerator(UInt64(round))
    try HostileTrace.write(path, events: 3000, isLate: round % 3 == 2, &random)
    let file = try TraceFile(path: path)
    #expect(file.damage.isEmpty && file.eventCount > 2000)
    for selection in [ReportSelection(), Self.part(of: file)] {
      try render(GCPass(selection), file)
      try render(JITPass(selection), file)
      try render(ExceptionPass(selection), file)
      try render(AllocationPass(selection), file)
      try render(RequestPass(selection), file)
      try render(ThreadsPass(selection), file)
      try render(ContentionPass(selection), file)
      try render(WallPass(), file)
      for tid in 7..<10 as Range<UInt32> {
        try render(ChainPass(thread: tid, selection), file)
      }
      try render(SystemPass(selection), file)
      try render(SummaryPass(selection), file)
    }
  }

  private static func part(of file: TraceFile) -> ReportSelection {
    var selection = ReportSelection()
    selection.time = 1000...(.max - 1)
    selection.pids = [7, 8]
    return selection
  }

  private func render<Pass: ReportPass>(_ pass: Pass, _ file: TraceFile) throws {
    let report: Pass.Output
    do { report = try pass.report(from: Replay(file)) } catch is NothingToReport { return }
    for format in RendererRegistry.standard.formats(of: Pass.Output.self) {
      let renderer = try #require(
        RendererRegistry.standard.renderer(of: Pass.Output.self, format: format.name))
      let output = try written { try renderer.render(report, RenderOptions(), to: &$0) }
      #expect(!output.isEmpty)
    }
  }
}

/// A trace of random events of the runtime's, the system's, and a server's types.
enum HostileTrace {
  private static let schemas: [EventSchema] =
    (RuntimeSchema.eventTypes + SystemSchema.eventTypes).map { $0.schema }
    + [
      request("AskStart", 1, .start, .one(.string)), request("AskStop", 2, .stop, .one(.string)),
      request("JobBegin", 3, .start, .one(.scalar(.int8))),
      request("JobEnd", 4, .stop, .one(.scalar(.int8))),
    ]

  private static func request(
    _ name: String, _ id: UInt16, _ opcode: EventOpcode, _ type: FieldType
  ) -> EventSchema {
    EventSchema(
      provider: "Server", id: id, name: name,
      fields: [.init("id", type, .activity), .init("name", .one(.string), .activityName)],
      opcode: opcode)
  }

  static func write(
    _ path: String, events: Int, isLate: Bool, _ random: inout SeededGenerator
  ) throws {
    var recorder = try Recorder(
      path: path, session: SampledTrace.session, options: TraceWriter.Options())
    for pid in 7..<10 as Range<UInt32> {
      recorder.define(
        process: ProcessRecord(
          index: pid, pid: pid, executable: "/bin/\u{1b}[31m\(pid)", joinTicks: SampledTrace.start))
    }
    // Late: times close to the greatest that there are.
    var ticks = isLate ? UInt64.max - 40_000_000 : SampledTrace.start
    for _ in 0..<events {
      ticks += random.next() % 10_000
      let header = RecordHeader(
        ticks: ticks, process: 7 + UInt32(random.below(4)), tid: UInt32(random.below(3)),
        stream: UInt32(random.below(2)), cpu: 0, flags: random.below(20) == 0 ? .rundown : [])
      let schema = Self.schemas[random.below(Self.schemas.count)]
      let values = random
      do {
        try recorder.append(schema, header, stack: random.below(4) == 0 ? [0x1000, .max] : []) {
          var values = values
          for field in schema.fields { Self.encode(field.type, &values, &$0) }
        }
      } catch FormatError.unacceptableEvent {
        continue
      }
      _ = random.next()
      if random.below(200) == 0 {
        recorder.addLoss(
          LossRecord(
            stream: header.stream, cpu: 0, cause: .bufferFull, count: .max,
            fromTicks: ticks &- random.next() % 100_000, toTicks: ticks,
            processIndex: random.below(2) == 0 ? 7 : nil))
      }
    }
    try recorder.finish()
  }

  private static func encode(
    _ type: FieldType, _ random: inout SeededGenerator, _ encoder: inout EventEncoder
  ) {
    switch type {
    case .one(.string): encoder.encode(text(&random))
    case .one(.bytes): encoder.encode(Array(text(&random).utf8))
    case .one(let element): scalar(element, &random, &encoder)
    case .array(.string): encoder.encode(array: (0..<random.below(3)).map { _ in text(&random) })
    case .array(.bytes):
      encoder.encode(array: (0..<random.below(3)).map { _ in Array(text(&random).utf8) })
    case .array(let element):
      switch width(element) {
      case (1, _): encoder.encode(array: [true, false])
      case (8, false): encoder.encode(array: [UInt8.max])
      case (16, false): encoder.encode(array: [UInt16.max])
      case (32, false): encoder.encode(array: [UInt32.max])
      case (_, false): encoder.encode(array: [UInt64.max, 0])
      default: encoder.encode(array: [Int64.min])
      }
    }
  }

  private static func scalar(
    _ element: ElementType, _ random: inout SeededGenerator, _ encoder: inout EventEncoder
  ) {
    let words: [UInt64] = [0, 1, 2, 7, .max, .max / 2 + 1, 0x1000, random.next()]
    let word = words[random.below(words.count)]
    switch width(element) {
    case (1, _): encoder.encode(word & 1 != 0)
    case (8, true): encoder.encode(Int8(truncatingIfNeeded: word))
    case (16, true): encoder.encode(Int16(truncatingIfNeeded: word))
    case (32, true): encoder.encode(Int32(truncatingIfNeeded: word))
    case (_, true): encoder.encode(Int64(truncatingIfNeeded: word))
    case (8, false): encoder.encode(UInt8(truncatingIfNeeded: word))
    case (16, false): encoder.encode(UInt16(truncatingIfNeeded: word))
    case (32, false): encoder.encode(UInt32(truncatingIfNeeded: word))
    default: encoder.encode(UInt64(word))
    }
  }

  private static func width(_ element: ElementType) -> (bits: Int, isSigned: Bool) {
    switch element {
    case .scalar(let scalar): (scalar.bitWidth, scalar.isSigned)
    case .enumeration(let schema): (schema.underlying.bitWidth, schema.underlying.isSigned)
    default: (64, false)
    }
  }

  private static func text(_ random: inout SeededGenerator) -> String {
    let texts = ["", "a", "GET /", "\u{1b}[2J\"\n,", "名前", String(repeating: "x", count: 5000)]
    return texts[random.below(texts.count)]
  }
}
