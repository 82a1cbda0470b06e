import Glibc
import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// An event of a provider that is not in TraceEvents.
private struct Order: ListedEvent, Equatable {
  var id: UInt64 = 0
  var customer = ""

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(of: Self.self, provider: "Shop", name: "Order")
  static func fields<List: FieldList<Self>>(_ list: inout List) {
    list.field("id", \.id)
    list.field("customer", \.customer)
  }
}

/// An event whose `encode` writes one field less than its schema has.
private struct Short: TraceEvent {
  static var eventID: UInt16 { 2 }
  static let schema = EventSchema(
    provider: "Shop", id: 2, name: "Short", fields: [.init("a", .uint64), .init("b", .uint64)])

  func encode(into encoder: inout EventEncoder) { encoder.encode(UInt64(1)) }
  init() {}
  init(from decoder: inout EventDecoder) {}
}

@Suite struct RecorderTests {
  private static var options: TraceWriter.Options {
    var options = TraceWriter.Options()
    options.fileID = 0x1234_5678
    return options
  }

  private func recorder(to sink: any ByteSink) throws -> Recorder {
    try Recorder(to: sink, session: Sample.session(), options: Self.options)
  }

  /// Records all kinds of data, and more than one block of events.
  private func record(_ recorder: inout Recorder) throws {
    recorder.define(
      provider: ProviderSchema(
        name: "Shop", keywords: [KeywordSchema("All", Keywords(rawValue: 1))], events: []))
    let shop = recorder.addProcess(ProcessRecord(pid: 77, executable: "/bin/shop"))
    try recorder.addThread(78, named: "till", of: shop, atTicks: 1000)
    for index in 0..<70_000 as Range<UInt64> {
      let header = RecordHeader(
        ticks: 2000 + index, process: shop, tid: 78, stream: StreamNumbers.cpu(Int32(index % 2)),
        cpu: UInt16(index % 2))
      try recorder.append(
        Order(id: index, customer: "c\(index % 9)"), header,
        stack: index % 3 == 0 ? [0x401000 + index % 7, 0x402000] : [])
    }
    recorder.addLoss(
      LossRecord(
        stream: StreamNumbers.unrecorded, cpu: EventHeader.noCPU, cause: .tooEarly, count: 3,
        fromTicks: 2000, toTicks: 2040, processIndex: shop))
    recorder.addClockSync(
      ClockSync(
        ticks: 90_000, monotonicNanoseconds: 94_000,
        realtimeNanoseconds: 1_700_000_000_000_089_000))
    recorder.addSymbols(SmallTrace.symbols)
    recorder.endProcess(shop, atTicks: 80_000)
    try recorder.finish()
  }

  @Test func whatIsRecordedComesBack() throws {
    let memory = MemorySink()
    var recorder = try recorder(to: memory)
    try record(&recorder)
    #expect(recorder.eventCount == 70_001)
    #expect(recorder.byteCount == UInt64(memory.bytes.count))
    let file = try TraceFile(bytes: memory.bytes)
    try file.verify()
    #expect(file.damage.isEmpty && file.isComplete)
    let process = try #require(file.processes.first)
    #expect(file.processes.count == 1)
    #expect(process.index == ProcessNumbers.firstOther)
    #expect(process.pid == 77 && process.executable == "/bin/shop" && process.endTicks == 80_000)
    #expect(file.providers.first { $0.name == "Shop" }?.keywords.map(\.name) == ["All"])
    #expect(file.symbols == [SmallTrace.symbols])
    #expect(file.clockSyncs.map(\.ticks) == [1000, 90_000])
    #expect(file.lossTotals.map(\.count) == [3])
    #expect(file.lossTotals.map(\.stream) == [StreamNumbers.unrecorded])

    var threads: [String] = []
    var next: UInt64 = 0
    let replay = Replay(file)
    replay.on(ThreadStart.self) { event, header in
      threads.append("\(header.tid) \(event.name)")
      #expect(header.flags == .rundown && header.stream == StreamNumbers.machine)
    }
    replay.on(Order.self) { event, header in
      #expect(event == Order(id: next, customer: "c\(next % 9)"))
      #expect(header.ticks == 2000 + next && header.pid == 77 && header.tid == 78)
      #expect(header.stream == StreamNumbers.cpu(Int32(next % 2)) && header.cpu == next % 2)
      #expect(header.flags == (next % 3 == 0 ? .stack : []))
      #expect(
        file.stack(header.stack) == (next % 3 == 0 ? [0x401000 + next % 7, 0x402000] : []))
      next += 1
    }
    try replay.run()
    #expect(threads == ["78 till"] && next == 70_000)
  }

  /// The bytes are the same for every sink.
  @Test func everySinkGetsTheSameBytes() throws {
    let memory = MemorySink()
    var inMemory = try recorder(to: memory)
    try record(&inMemory)

    let directory = TemporaryDirectory()
    let path = directory.path + "/trace.etl"
    var inFile = try Recorder(path: path, session: Sample.session(), options: Self.options)
    try record(&inFile)
    #expect(try FileBytes.read(path) == memory.bytes)

    let other = directory.path + "/other.etl"
    let descriptor = open(other, O_WRONLY | O_CREAT, 0o600)
    var inDescriptor = try recorder(to: DescriptorSink(descriptor))
    try record(&inDescriptor)
    close(descriptor)
    #expect(try FileBytes.read(other) == memory.bytes)
  }

  /// The typed interface writes the same bytes as the writer.
  @Test func bytesAreThoseOfTheWriter() throws {
    let byWriter = try Sample.bytes(blockEvents: 16) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      try writer.define(ref: 2, schema: SmallTrace.named)
      for event in SmallTrace.events() { #expect(Sample.append(event, to: &writer)) }
    }
    let memory = MemorySink()
    var options = Self.options
    options.blockEvents = 16
    var recorder = try Recorder(to: memory, session: Sample.session(), options: options)
    try recorder.define(SmallTrace.counter)
    try recorder.define(SmallTrace.named)
    for event in SmallTrace.events() {
      let schema = event.ref == 1 ? SmallTrace.counter : SmallTrace.named
      let header = RecordHeader(
        ticks: event.ticks, process: event.process, tid: event.tid, stream: event.stream,
        cpu: event.cpu)
      try recorder.append(schema, header, stack: event.stack) { encoder in
        if event.ref == 1 {
          for word in event.words { encoder.encode(word) }
        } else {
          let count = Int(event.words[0])
          event.words.dropFirst().withUnsafeBytes {
            encoder.encode(UnsafeRawBufferPointer(rebasing: $0[..<count]))
          }
        }
      }
    }
    try recorder.finish()
    #expect(memory.bytes == byWriter)
  }

  @Test func aTraceInMemoryIsReadBeforeItsEnd() throws {
    let memory = MemorySink()
    var writer = try TraceWriter(sink: memory, session: Sample.session())
    try writer.define(ref: 1, schema: SmallTrace.counter)
    for event in SmallTrace.events() where event.ref == 1 {
      #expect(Sample.append(event, to: &writer))
    }
    let canBeReopened = writer.canBeReopened
    #expect(canBeReopened)
    #expect(try Sample.replay(writer.reopened()).count == 32)
  }

  // MARK: What cannot be recorded

  @Test func oneBadEventDoesNotEndTheTrace() throws {
    let memory = MemorySink()
    var recorder = try recorder(to: memory)
    let header = RecordHeader(ticks: 2000, process: 1, tid: 1)
    let short = FormatError.unacceptableEvent(
      name: "Short", reason: "its encode does not write the fields of its schema")
    #expect(throws: short) { try recorder.append(Short(), header) }
    let deep = FormatError.unacceptableEvent(
      name: "Order", reason: "its stack has more than 8192 frames")
    #expect(throws: deep) {
      try recorder.append(Order(), header, stack: [UInt64](repeating: 1, count: 8193))
    }
    let large = FormatError.unacceptableEvent(
      name: "Order", reason: "its fields take more than 1048576 bytes")
    #expect(throws: large) {
      try recorder.append(
        Order(id: 1, customer: String(repeating: "c", count: 1 << 20)), header)
    }
    // The largest that fits: an id, a length, and whole words of text.
    let text = String(repeating: "c", count: 1 << 20 - 16)
    try recorder.append(Order(id: 2, customer: text), header)
    try recorder.append(
      Order(id: 3), header, stack: [UInt64](repeating: 1, count: 8192))
    try recorder.finish()
    let file = try TraceFile(bytes: memory.bytes)
    try file.verify()
    var ids: [UInt64] = []
    let replay = Replay(file)
    replay.on(Order.self) { event, _ in ids.append(event.id) }
    try replay.run()
    #expect(ids == [2, 3] && file.damage.isEmpty)
  }

  @Test func aSchemaThatIsRefusedStaysRefused() throws {
    var recorder = try recorder(to: MemorySink())
    let header = RecordHeader(ticks: 2000, process: 1, tid: 1)
    var wide = SmallTrace.counter
    wide.fields = Array(repeating: FieldSchema("x", .uint8), count: 257)
    for _ in 0..<2 {
      #expect {
        try recorder.append(wide, header) { _ in }
      } throws: {
        guard case FormatError.unacceptableSchema("Counter", _) = $0 else { return false }
        return true
      }
    }
    try recorder.append(Order(), header)
    #expect(recorder.eventCount == 1)
  }

  private final class FullSink: ByteSink {
    var room = 4096

    func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
      room -= bytes.count
      if room < 0 { throw SinkError(code: ENOSPC) }
    }
  }

  @Test func aSinkThatFailsEndsTheTrace() throws {
    var recorder = try recorder(to: FullSink())
    let header = RecordHeader(ticks: 2000, process: 1, tid: 1)
    let full = FormatError.io(operation: "write", path: "trace", code: ENOSPC)
    #expect(throws: full) {
      for index in 0..<UInt64.max {
        try recorder.append(Order(id: index &* 0x9e37_79b9_7f4a_7c15), header)
      }
    }
    #expect(throws: full) { try recorder.append(Order(), header) }
    #expect(throws: full) { try recorder.flush() }
    #expect(throws: full) { try recorder.finish() }
  }

  @Test func nothingIsRecordedAfterTheEnd() throws {
    var recorder = try recorder(to: MemorySink())
    try recorder.finish()
    #expect(throws: FormatError.closed) {
      try recorder.append(Order(), RecordHeader(ticks: 2000, process: 1, tid: 1))
    }
  }

  // MARK: Numbers and clocks

  @Test func streamsAreDistinctAndOnlyRingsAreBelowTwoToTheThirtieth() {
    let sources =
      (0..<0xfffd as Range<Int32>).map { StreamNumbers.cpu($0) } + [
        StreamNumbers.endedCode, StreamNumbers.code, StreamNumbers.machine,
        StreamNumbers.imported(0), StreamNumbers.imported(1), StreamNumbers.imported(.max),
      ]
    #expect(Set(sources).count == sources.count)
    #expect(sources.allSatisfy { $0 >= 1 << 30 })
    #expect(!StreamNumbers.rings.contains(StreamNumbers.unrecorded))
    #expect(StreamNumbers.unrecorded < 1 << 30)
    for cpu in [-1, 0xfffd, .min, .max] as [Int32] {
      #expect(StreamNumbers.cpu(cpu) == StreamNumbers.machine)
    }
    // The same numbers as in earlier versions.
    #expect(StreamNumbers.cpu(3) == 0x4000_0003 && StreamNumbers.machine == 0x4000_ffff)
    #expect(StreamNumbers.code == 0x4000_fffe && StreamNumbers.endedCode == 0x4000_fffd)
  }

  @Test(arguments: [ClockKind.here, .monotonic])
  func aClockSyncIsOfThatClock(clock: ClockKind) {
    let before = clock.now()
    let sync = ClockSync.now(clock)
    #expect(before <= sync.ticks && sync.ticks <= clock.now())
    #expect(clock.ticksPerSecond > 1_000_000)
    if clock == .monotonic { #expect(sync.ticks == sync.monotonicNanoseconds) }
  }
}
