import TestSupport
import TraceEvents

@testable import TraceFormat

/// An event passed to a writer, or delivered by a replay.
struct SampleEvent: Equatable {
  var ref: UInt16
  var ticks: UInt64
  var stream: UInt32
  var cpu: UInt16
  var process: UInt32
  var tid: UInt32
  var flags: UInt8
  var words: [UInt64]
  var stack: [UInt64] = []

  var withoutStack: SampleEvent {
    var event = self
    event.stack = []
    return event
  }
}

enum Sample {
  static let start = ClockSync(
    ticks: 1000, monotonicNanoseconds: 5_000, realtimeNanoseconds: 1_700_000_000_000_000_000)

  static func session(_ clock: ClockKind = .monotonic) -> SessionDescription {
    SessionDescription(
      name: "sample", mode: .block, clock: clock, ticksPerSecond: 1_000_000_000, start: start,
      machine: MachineDescription(
        hostName: "host", operatingSystem: "Linux 6.18", architecture: "x86_64", cpuCount: 2))
  }

  /// Writes a file with `body`; returns its bytes.
  static func bytes(
    session: SessionDescription = Sample.session(), blockEvents: Int = 65_536,
    finishing: Bool = true, _ body: (inout TraceWriter) throws -> Void
  ) throws -> [UInt8] {
    let directory = TemporaryDirectory()
    let path = directory.path + "/trace.etl"
    var options = TraceWriter.Options()
    options.blockEvents = blockEvents
    options.fileID = 0x1234_5678
    var writer = try TraceWriter(path: path, session: session, options: options)
    try body(&writer)
    if finishing { try writer.finish() } else { try writer.flush() }
    return try FileBytes.read(path)
  }

  static func append(_ event: SampleEvent, to writer: inout TraceWriter) -> Bool {
    writer.beginStretch(stream: event.stream, cpu: event.cpu)
    let words = event.words + event.stack
    return words.withUnsafeBufferPointer { buffer in
      // An event without fields needs a valid pointer, too.
      withUnsafePointer(to: UInt64(0)) { nothing in
        writer.append(
          ref: event.ref, ticks: event.ticks, process: event.process, tid: event.tid,
          flags: event.flags, words: buffer.baseAddress ?? nothing, count: words.count)
      }
    }
  }

  /// All events of a replay, with the fields as record words.
  static func replay(
    _ file: TraceFile, configure: (Replay) -> Void = { _ in }
  ) throws -> [SampleEvent] {
    var events: [SampleEvent] = []
    let replay = Replay(file)
    configure(replay)
    replay.onAny { event in
      let type = file.eventTypes[event.typeIndex]
      events.append(
        SampleEvent(
          ref: type.ref, ticks: event.header.ticks, stream: event.header.stream,
          cpu: event.header.cpu, process: event.header.processIndex, tid: event.header.tid,
          flags: event.header.flags.rawValue, words: words(of: event, type.schema),
          stack: file.stack(event.header.stack)))
    }
    try replay.run()
    return events
  }

  /// The record words of an event.
  static func words(of event: borrowing RawEvent, _ schema: EventSchema) -> [UInt64] {
    var words: [UInt64] = []
    func append(_ bytes: UnsafeRawBufferPointer) {
      words.append(UInt64(bytes.count))
      words.append(contentsOf: padded(Array(bytes)))
    }
    for (index, field) in schema.fields.enumerated() {
      let plan = FieldPlan(field.type)
      switch plan.shape {
      case .scalar: words.append(event.word(index))
      case .text: append(event.bytes(index))
      case .scalarArray:
        var elements = event.elements(index)
        words.append(UInt64(elements.remaining))
        while let element = elements.nextWord() { words.append(element) }
      case .textArray:
        var elements = event.elements(index)
        words.append(UInt64(elements.remaining))
        while let element = elements.nextBytes() { append(element) }
      }
    }
    return words
  }

  /// Bytes as words, with zeros at the end.
  static func padded(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<min(start + 8, bytes.count)].enumerated().reduce(UInt64(0)) {
        $0 | UInt64($1.element) << UInt64(8 * $1.offset)
      }
    }
  }

  static func text(_ string: String) -> [UInt64] {
    [UInt64(string.utf8.count)] + padded(Array(string.utf8))
  }
}

/// Two small event types, and a file with all kinds of data, for tests of damage.
enum SmallTrace {
  static let counter = EventSchema(
    provider: "Test", id: 1, name: "Counter",
    fields: [.init("number", .uint64), .init("value", .uint32)])
  static let named = EventSchema(
    provider: "Test", id: 2, name: "Named", fields: [.init("name", .string)])

  static func events() -> [SampleEvent] {
    (0..<48).map { index in
      let isNamed = index % 3 == 2
      return SampleEvent(
        ref: isNamed ? 2 : 1, ticks: 2000 + UInt64(index) * 10, stream: UInt32(index / 4 % 2),
        cpu: UInt16(index / 4 % 2), process: 7, tid: UInt32(100 + index / 8),
        flags: isNamed && index % 2 == 0 ? 2 : 0,
        words: isNamed ? Sample.text("name \(index % 5)") : [UInt64(index), UInt64(index * index)],
        stack: isNamed && index % 2 == 0 ? [0x40_0000 + UInt64(index % 4), 0x40_1000] : [])
    }
  }

  static let loss = LossRecord(
    stream: 1, cpu: 1, cause: .bufferFull, count: 17, fromTicks: 2100, toTicks: 2205,
    processIndex: 7)

  static let symbols = ImageSymbols(
    path: "/bin/test", buildID: Array(0..<20),
    functions: (0..<4).map { ImageFunction(offset: $0 << 12, size: 9, name: "f\($0)") })

  static func bytes(finishing: Bool = true) throws -> [UInt8] {
    try Sample.bytes(blockEvents: 16, finishing: finishing) { writer in
      writer.define(
        provider: ProviderSchema(
          name: "Test", keywords: [KeywordSchema("All", Keywords(rawValue: 1))], events: []))
      try writer.define(ref: 1, schema: counter)
      try writer.define(ref: 2, schema: named)
      writer.define(
        process: ProcessRecord(index: 7, pid: 4711, executable: "/bin/test", arguments: ["a", "b"]))
      for (index, event) in events().enumerated() {
        precondition(Sample.append(event, to: &writer))
        if index == 24 { writer.loss(loss) }
      }
      writer.define(symbols: symbols)
      writer.processEnded(index: 7, atTicks: 2470)
      writer.clockSync(
        ClockSync(
          ticks: 3000, monotonicNanoseconds: 7_000,
          realtimeNanoseconds: 1_700_000_000_000_002_000))
    }
  }

  /// The position and header of each block of a file.
  static func blocks(_ bytes: [UInt8]) -> [(range: Range<Int>, header: BlockHeader)] {
    var result: [(Range<Int>, BlockHeader)] = []
    var position = FileLayout.fileHeaderBytes
    bytes.withUnsafeBytes { raw in
      while position < raw.count,
        let header = BlockHeader(UnsafeRawBufferPointer(rebasing: raw[position...]), fileID: nil)
      {
        let end = position + FileLayout.blockHeaderBytes + header.payloadBytes
        result.append((position..<end, header))
        position = end
      }
    }
    return result
  }
}
