import Testing
import TraceEvents
import TraceFormat

@_spi(Fuzzing) @testable import TraceImport

/// Files of all versions, written here, with known events.
@Suite struct NetTraceTests {
  static let clr = "Microsoft-Windows-DotNETRuntime"
  static let guid: [UInt8] = Array(1...16)

  /// A file with a collection, a sample, an exception, a method and events of an EventSource.
  static func file(version: Int, compressed: Bool = true, isWhole: Bool = true) -> NetTraceFile {
    typealias File = NetTraceFile
    var file = File(version: version)
    file.metadata([
      file.kind(1, clr, 1, ""), file.kind(2, clr, 2, ""), file.kind(3, clr, 80, ""),
      file.kind(4, "Microsoft-DotNETCore-SampleProfiler", 0, ""),
      file.kind(5, clr + "Rundown", 144, ""),
      file.kind(
        6, "Shop", 9, "OrderStart", opcode: 1, fields: [file.field("id", 9), file.field("to", 18)]),
      file.kind(
        7, "Shop", 10, "Sizes", fields: [file.field("sizes", 19, element: 8)], sized: version < 6),
    ])
    file.stacks(first: 1, [[0x1000, 0x2010], [0x3000]])
    if version == 6 {
      file.thread(77, pid: 4711, tid: 99, name: "worker")
      file.labels(first: 1, [[0x81] + guid])
    }
    let little = { (numbers: [UInt32]) in numbers.flatMap(File.little) }
    let method =
      File.little(UInt64(7)) + File.little(UInt64(8)) + File.little(UInt64(0x1000))
      + little([0x20, 1, 0x188]) + File.text16("N.C") + File.text16("run")
      + File.text16("void ()") + [0, 0]
    let error =
      File.text16("N.Oops") + File.text16("späť") + File.little(UInt64(0x1001)) + little([5])
      + [2, 0, 0, 0]
    var order = File.Event(
      metadata: 6, ticks: 6000, payload: little([.max]) + File.text16("Köln"))
    if version == 6 { order.labels = 1 } else { order.activity = guid }
    file.events(
      [
        .init(metadata: 1, ticks: 2000, sequence: 1, payload: little([3, 1, 0, 0])),
        .init(metadata: 2, ticks: 3000, sequence: 2, payload: little([3, 1])),
        .init(metadata: 3, ticks: 4000, sequence: 3, stack: 2, payload: error),
        .init(metadata: 4, ticks: 5000, sequence: 4, stack: 1, payload: little([2])),
        .init(metadata: 4, ticks: 5500, sequence: 5, stack: 1, payload: little([1])),
        order,
        .init(
          metadata: 7, ticks: 7000, sequence: 9,
          payload: [2, 0] + File.little(UInt32(0x0002_ffff))),
      ], compressed: compressed)
    file.sequencePoint(8000, [(77, 11)])
    if version == 6 { file.unknown() }
    file.events([.init(metadata: 5, ticks: 9000, sequence: 12, payload: method)])
    if isWhole { file.end() }
    return file
  }

  private func imported(_ file: NetTraceFile) throws -> (ImportReport, TraceFile) {
    let memory = MemorySink()
    let source = ImportSource(bytes: file.bytes)
    let importer = try #require(ImporterRegistry.importer(of: source))
    #expect(importer.kind == "a .nettrace file")
    return (try importer.convert(source, to: memory), try TraceFile(bytes: memory.bytes))
  }

  @Test(arguments: [4, 5, 6], [true, false])
  func eventsHaveTheirValues(version: Int, compressed: Bool) throws {
    let (report, file) = try imported(Self.file(version: version, compressed: compressed))
    #expect(report.damage == [])
    #expect(report.events == (version == 6 ? 10 : 9))
    var seen: [String] = []
    let replay = Replay(file)
    let tid: UInt32 = version == 6 ? 99 : 77
    replay.onAny { event in
      let header = event.header
      guard header.stream != StreamNumbers.machine else { return }
      #expect(header.pid == 4711 && header.tid == tid && header.cpu == 5)
      #expect(header.ticks % 100_000 == 0 || header.ticks == 550_000)
    }
    replay.on(GCStart.self) { event, header in
      #expect(header.timestamp == 100_000 && event.count == 3 && event.depth == 1)
      seen.append("start")
    }
    replay.on(GCEnd.self) { event, _ in seen.append("end \(event.count)") }
    replay.on(ExceptionThrown.self) { event, header in
      #expect(event.exceptionHRESULT == 5 && event.exceptionFlags == .nested)
      #expect(file.stack(header.stack) == [0x3000])
      seen.append("\(event.exceptionType): \(event.exceptionMessage)")
    }
    replay.on(SampledProfile.self) { event, header in
      #expect(event.weight == 1_000_000 && file.stack(header.stack) == [0x1000, 0x2010])
      seen.append("sample")
    }
    replay.on(MethodLoad.self) { event, header in
      #expect(event.startAddress == 0x1000 && event.size == 0x20 && event.tier == .quickJitted)
      #expect(header.flags.contains(.rundown))
      seen.append("\(event.namespace).\(event.name)\(event.signature)")
    }
    try replay.run()
    #expect(seen == ["start", "end 3", "N.Oops: späť", "sample", "N.C.runvoid ()"])
  }

  @Test(arguments: [4, 5, 6]) func fieldsOfAnEventSource(version: Int) throws {
    let (report, file) = try imported(Self.file(version: version))
    var seen: [String] = []
    let replay = Replay(file)
    replay.onAny { event in
      let schema = file.eventTypes[event.typeIndex].schema
      guard schema.provider == "Shop" else { return }
      #expect(schema.keywords.rawValue == 0x77 && schema.level == .warning)
      let names = schema.fields.map(\.name).joined(separator: " ")
      if schema.name == "OrderStart" {
        #expect(schema.opcode == .start && schema.fields.last?.hint == .activity)
        let to = String(decoding: event.bytes(1), as: UTF8.self)
        let activity = String(decoding: event.bytes(2), as: UTF8.self)
        seen.append("\(names): \(Int64(bitPattern: event.word(0))) \(to) \(activity)")
      } else {
        seen.append("\(names): \(schema.fields[0].type.name)")
      }
    }
    try replay.run()
    let id = "04030201-0605-0807-090a-0b0c0d0e0f10"
    #expect(seen == ["id to activityID: -1 Köln \(id)", "sizes: [uint16]"])
    // Numbers 7, 8, and 10, 11 are missing.
    #expect(report.lost == 4 && file.lossTotals.map(\.count).reduce(0, +) == 4)
    #expect(report.notes.contains { $0.contains("1 samples of threads outside of managed code") })
  }

  @Test(arguments: [4, 6]) func clockAndMachine(version: Int) throws {
    let (_, file) = try imported(Self.file(version: version))
    #expect(file.session.start.realtimeNanoseconds == 1_796_037_133_014_000_000)
    #expect(file.session.start.monotonicNanoseconds == 100_000)
    #expect(file.session.machine.cpuCount == 3)
  }

  @Test func versionsThatAreNotKnownAreRefused() {
    var bytes = Self.file(version: 6).bytes
    bytes[12] = 7
    #expect(throws: ImportError.self) {
      try NetTraceImporter().convert(ImportSource(bytes: bytes), to: MemorySink())
    }
  }
}
