import Testing
import TraceEvents
import TraceFormat

@testable import TraceImport

/// Traces of a whole machine, as one-collect writes them.
@Suite struct NetUniversalTests {
  private static func file() -> NetTraceFile {
    typealias File = NetTraceFile
    var file = File(version: 6)
    let number = { (name: String) in file.field(name, 21) }
    let text = { (name: String) in file.field(name, 19, element: 23) }
    let rows = [
      file.kind(
        1, "Universal.System", 0, "ProcessCreate",
        fields: [number("NamespaceId"), text("Name"), text("NamespaceName")]),
      file.kind(
        2, "Universal.System", 0, "ProcessMapping",
        fields: ["Id", "ProcessId", "StartAddress", "EndAddress", "FileOffset"].map(number)
          + [text("FileName"), number("MetadataId")]),
      file.kind(
        3, "Universal.System", 0, "ProcessSymbol",
        fields: ["Id", "MappingId", "StartAddress", "EndAddress"].map(number) + [text("Name")]),
      file.kind(4, "Universal.Events", 0, "cpu", fields: [number("Value")]),
      file.kind(5, "Universal.Events", 0, "cswitch", fields: [number("Value")]),
    ]
    file.metadata(rows)
    file.thread(77, pid: 300, tid: 301, name: "")
    file.stacks(first: 1, [[0x5010, 0x6000]])
    let string = { (text: String) in File.little(UInt16(text.utf8.count)) + Array(text.utf8) }
    let numbers = { (values: [UInt64]) in values.flatMap(File.varint) }
    file.events([
      .init(metadata: 1, ticks: 2000, payload: numbers([1]) + string("shop") + string("")),
      .init(
        metadata: 2, ticks: 2000,
        payload: numbers([9, 300, 0x5000, 0x7000, 0x400]) + string("/usr/bin/shop") + [0]),
      .init(metadata: 4, ticks: 3000, stack: 1, payload: numbers([3])),
      .init(metadata: 5, ticks: 4000, payload: numbers([200])),
      .init(metadata: 3, ticks: 5000, payload: numbers([1, 9, 0x5000, 0x5100]) + string("sell")),
      .init(metadata: 3, ticks: 5000, payload: numbers([2, 8, 0x5000, 0x5100]) + string("x")),
    ])
    file.end()
    return file
  }

  @Test func eventsOfAMachine() throws {
    let memory = MemorySink()
    let report = try NetTraceImporter().convert(ImportSource(bytes: Self.file().bytes), to: memory)
    #expect(report.damage == [])
    let file = try TraceFile(bytes: memory.bytes)
    var seen: [String] = []
    let replay = Replay(file)
    replay.on(ImageMap.self) { event, header in
      let place = [event.baseAddress, event.size, event.fileOffset]
      #expect(header.pid == 300 && place == [0x5000, 0x2000, 0x400])
      seen.append(event.path)
    }
    replay.on(SampledProfile.self) { event, header in
      #expect(event.weight == 3_000_000 && file.stack(header.stack) == [0x5010, 0x6000])
      #expect(header.pid == 300 && header.tid == 301)
      seen.append("sample")
    }
    replay.on(SymbolLoad.self) { event, header in
      #expect(event.address == 0x5000 && event.size == 0x100 && header.pid == 300)
      seen.append(event.name)
    }
    replay.onAny { event in
      let schema = file.eventTypes[event.typeIndex].schema
      if schema.provider == "Universal.Events" { seen.append("\(schema.name) \(event.word(0))") }
    }
    try replay.run()
    // A symbol of a mapping that is not known remains an event of its own.
    #expect(seen == ["/usr/bin/shop", "sample", "cswitch 200", "sell"])
    #expect(file.processes.contains { $0.pid == 300 && $0.executable == "shop" })
  }
}
