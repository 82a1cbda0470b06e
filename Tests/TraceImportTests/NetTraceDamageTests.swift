import TestSupport
import Testing
import TraceEvents
import TraceFormat

@_spi(Fuzzing) @testable import TraceImport

/// Files that are cut, damaged or hostile.
@Suite(.randomized, .serialized) struct NetTraceDamageTests {
  static let versions = [4, 5, 6]

  private static func imported(_ bytes: [UInt8]) throws -> (report: ImportReport, rows: [String]) {
    let memory = MemorySink()
    let report = try NetTraceImporter().convert(ImportSource(bytes: bytes), to: memory)
    let file = try TraceFile(bytes: memory.bytes)
    var rows: [String] = []
    let replay = Replay(file)
    replay.onAny { event in
      let schema = file.eventTypes[event.typeIndex].schema
      guard schema.name != "SamplingStarted" else { return }
      rows.append("\(event.header.ticks) \(schema.provider)/\(schema.name) \(event.header.tid)")
    }
    try replay.run()
    return (report, rows)
  }

  /// Everything before a cut is imported, at any byte, and the cut is said.
  @Test(arguments: versions) func cutAtEveryByte(version: Int) throws {
    let file = NetTraceTests.file(version: version)
    let whole = try Self.imported(file.bytes)
    #expect(whole.report.damage == [])
    var previous = 0
    for cut in 0..<file.bytes.count {
      let part = Array(file.bytes.prefix(cut))
      // The mark of the first object's end need not be there.
      guard cut >= file.ends[0] - (version < 6 ? 1 : 0) else {
        #expect(throws: ImportError.self, "cut at \(cut)") { try Self.imported(part) }
        continue
      }
      let (report, rows) = try Self.imported(part)
      #expect(!report.damage.isEmpty, "cut at \(cut)")
      #expect(Set(rows).isSubset(of: whole.rows), "cut at \(cut): \(rows)")
      #expect(rows.count >= previous, "cut at \(cut)")
      previous = rows.count
    }
    #expect(previous == whole.rows.count)
  }

  /// Flipped bits, and sizes, counts and numbers that are much too large.
  @Test(arguments: versions) func changedAnywhere(version: Int) {
    var random = SeededGenerator(29)
    let files = [true, false].map {
      NetTraceTests.file(version: version, compressed: $0).bytes
    }
    for _ in 0..<Rounds.count(1500) {
      var bytes = files[random.below(2)]
      for _ in 0...random.below(3) { Self.change(&bytes, &random) }
      _ = bytes.withUnsafeBytes(ImportProbe.read)
    }
  }

  private static func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    let place = 8 + random.below(bytes.count - 16)
    switch random.below(5) {
    case 0: bytes[place] = 0xff
    case 1: for index in place..<place + 4 { bytes[index] = 0xff }
    case 2:
      for (index, byte) in ([0, 0, 0, 0x7f] as [UInt8]).enumerated() { bytes[place + index] = byte }
    case 3: bytes.removeSubrange(place..<min(place + random.below(9), bytes.count - 1))
    default: bytes[place] ^= 1 << UInt8(random.below(8))
    }
  }

  /// A block whose bytes are wrong costs its own rest only.
  @Test func damagedBlockIsSaid() throws {
    var file = NetTraceFile(version: 6)
    file.metadata([file.kind(1, "Shop", 1, "Sold")])
    file.thread(77, pid: 1, tid: 2, name: "a")
    file.events([.init(metadata: 1, ticks: 2000), .init(metadata: 1, ticks: 3000)])
    let middle = file.ends[file.ends.count - 1]
    file.events([.init(metadata: 1, ticks: 4000), .init(metadata: 9, ticks: 5000)])
    file.end()
    var bytes = file.bytes
    // The last number of the second event: the size of its payload.
    bytes[middle - 1] = 100
    let (report, rows) = try Self.imported(bytes)
    #expect(rows.count { $0.contains("Sold") } == 2)
    let damage = report.damage.joined(separator: "; ")
    #expect(
      damage.contains("1 damaged blocks") && damage.contains("1 events of kinds"), "\(damage)")
  }

  /// Counts that promise more than there is take no memory and no time.
  @Test(arguments: versions) func largeCounts(version: Int) throws {
    var file = NetTraceFile(version: version)
    file.metadata([
      file.kind(
        1, "Shop", 1, "Sold", fields: [file.field("x", 19, element: 18)], sized: version < 6)
    ])
    if version == 6 { file.thread(77, pid: 1, tid: 2, name: "a") }
    file.events([.init(metadata: 1, ticks: 2000, payload: [0xff, 0xff, 0x41, 0, 0, 0])])
    file.sequencePoint(3000, [(77, .max), (78, 5)])
    file.sequencePoint(4000, [], count: .max)
    file.end()
    let (report, rows) = try Self.imported(file.bytes)
    #expect(rows.count { $0.contains("Sold") } == 1)
    #expect(report.damage.contains("has 1 events that lack some of their fields"))
    #expect(report.damage.contains { $0.contains("1 damaged blocks") })
    // Of thread 78, whose five events are all missing; thread 77 cannot have that many.
    #expect(report.lost == 5)
  }

  /// Tags without objects must not take the stack.
  @Test func tagsOnly() {
    var bytes = NetTraceTests.file(version: 4, isWhole: false).bytes
    bytes += [UInt8](repeating: 6, count: 200_000)
    #expect(bytes.withUnsafeBytes(ImportProbe.read) == 9)
  }
}
