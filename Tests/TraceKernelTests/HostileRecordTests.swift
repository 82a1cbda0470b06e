import Testing
import TraceEvents

@testable import TraceKernel

/// Records that no kernel writes are counted, and cause no trap.
@Suite struct HostileRecordTests {
  private typealias Recorded = RecordedTranslationTests

  /// One record of each kind.
  private static func everyKind() -> RecordBytes {
    var records = RecordBytes()
    records.fork(200, 200, from: 100, at: 10)
    records.name(200, 200, "worker", isExec: true, at: 20)
    records.map(200, "/opt/worker", start: 0x1000, size: 0x1000, at: 30)
    records.map(200, "//anon", start: 0x1800, size: 0x1000, buildID: [4, 0, 0], at: 31)
    records.sample(200, 200, [0x1010, 0x1020], at: 40)
    records.add(PerfRecordKind.lost, [1, .max], stamp: (200, 200, 50))
    records.add(PerfRecordKind.lostSamples, [.max], stamp: (200, 200, 51))
    records.add(PerfRecordKind.throttle, [1, 2, 3], stamp: (200, 200, 52))
    records.add(PerfRecordKind.contextSwitch, [], stamp: (200, 200, 53))
    records.add(PerfRecordKind.contextSwitchOnCPU, [5], stamp: (200, 200, 54))
    records.add(99, [1, 2, 3], stamp: (200, 200, 55))
    records.exit(200, 200, from: 100, at: 60)
    return records
  }

  @Test func wholeRecordsAreNotMalformed() {
    let (_, translator, used) = Recorded.translate(Self.everyKind().bytes)
    #expect(translator.malformed == 0 && used == Self.everyKind().bytes.count)
  }

  /// An incomplete record waits for its rest.
  @Test func whatIsCutWaits() {
    let bytes = Self.everyKind().bytes
    for count in bytes.indices {
      let (_, translator, used) = Recorded.translate(Array(bytes[..<count]))
      #expect(translator.malformed == 0 && used <= count && count - used < 256)
    }
  }

  @Test(arguments: [0, 4, 7, 9, 12, 0xffff] as [UInt16])
  func aSizeThatNoRecordHas(_ size: UInt16) {
    var records = RecordBytes()
    records.sample(1, 1, [0x1000], at: 5)
    let whole = records.bytes.count
    records.append(UInt64(PerfRecordKind.fork) | UInt64(size) << 48)
    for _ in 0..<100 { records.append(.max) }
    let (sink, translator, used) = Recorded.translate(records.bytes)
    #expect(sink.lines.count == 1 && whole > 0)
    #expect(translator.malformed == 1 && used == records.bytes.count)
  }

  /// Records that are too short for their kind, down to only the header.
  @Test(arguments: [2, 3, 4, 7, 9, 10, 13] as [UInt32])
  func recordsThatAreTooShort(_ kind: UInt32) {
    var records = RecordBytes()
    records.add(kind, [], stamp: nil)
    records.add(kind, [], stamp: (1, 1, 5))
    let (sink, translator, _) = Recorded.translate(records.bytes)
    #expect(translator.malformed == 2)
    #expect(sink.lines.isEmpty && sink.losses.isEmpty)
  }

  @Test(arguments: [3, 1 << 20, 1 << 61, .max] as [UInt64])
  func aCountLargerThanTheRecord(_ frames: UInt64) {
    var records = RecordBytes()
    records.add(
      PerfRecordKind.sample, [0x1000, RecordBytes.pair(1, 1), 5, 0, 1, frames, 0x1000, 0x2000],
      stamp: nil)
    let (sink, translator, _) = Recorded.translate(records.bytes)
    #expect(translator.malformed == 1 && sink.stacks.isEmpty)
  }

  /// The same for copied stacks and registers.
  @Test(arguments: [24, 1 << 40, .max] as [UInt64]) func aStackLongerThanTheRecord(_ size: UInt64) {
    let parser = PerfRecordParser(fields: .callFrames, userRegisterCount: 2)
    for (abi, size) in [(UInt64(2), size), (0, size)] {
      var records = RecordBytes()
      records.add(
        PerfRecordKind.sample, [0x1000, RecordBytes.pair(1, 1), 5, 0, 1, 0, abi, size, 1],
        stamp: nil)
      let sink = CollectingSink()
      let translator = PerfTranslator(
        ringCount: 1, clock: PerfClock(isMonotonic: true), facts: RecordedProcessFacts(),
        sink: sink)
      records.bytes.withUnsafeBytes { _ = translator.take($0, parser) }
      #expect(translator.malformed == 1 && sink.lines.isEmpty)
    }
  }

  /// Fields with the greatest values: addresses that wrap around, impossible times.
  @Test func theGreatestValues() {
    var records = RecordBytes()
    for _ in 0..<2 {
      records.map(.max, "/x", start: .max - 4, size: .max, at: .max)
      records.map(.max, "//anon", start: 1, size: .max, at: .max)
      records.map(.max, "", start: .max, size: 0, at: .max)
      records.fork(.max, .max, from: .max - 1, at: .max)
      records.exit(.max, .max, from: .max, at: .max)
      records.sample(.max, .max, [.max, .max], at: .max)
      records.add(PerfRecordKind.lost, [.max, .max], stamp: (.max, .max, .max))
      records.name(.max, .max, String(repeating: "x", count: 60_000), isExec: true, at: 0)
    }
    for isMonotonic in [true, false] {
      let sink = CollectingSink()
      let translator = PerfTranslator(
        PerfTranslator.Options(samplePeriod_ns: 1), ringCount: 1,
        clock: PerfClock(isMonotonic: isMonotonic), facts: RecordedProcessFacts(), sink: sink)
      records.bytes.withUnsafeBytes { _ = translator.take($0, RecordedTranslationTests.parser) }
      #expect(translator.malformed == 0 && !sink.lines.isEmpty)
      #expect(sink.events(ProcessExec.self).allSatisfy { $0.name.utf8.count <= 4096 })
    }
  }

  /// Every byte of every kind of record, changed.
  @Test func anyByteChanged() {
    let bytes = Self.everyKind().bytes
    for index in bytes.indices {
      for value in [0, 0x7f, 0x80, 0xff] as [UInt8] where bytes[index] != value {
        var changed = bytes
        changed[index] = value
        let (_, translator, used) = Recorded.translate(changed)
        #expect(used <= changed.count && translator.malformed <= bytes.count / 8)
      }
    }
  }
}
