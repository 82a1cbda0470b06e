import Testing
import TraceEvents
import TraceFormat

@testable import TraceKernel

/// Ends of processes whose exit records were lost.
@Suite struct MissedEndsTests {
  private static let lost = RecordedProcessFacts(ended: [200, 201])

  /// 200 and 201 have ended, but only 201 has an exit record; 300 is running.
  private static func records(losses: Bool) -> [UInt8] {
    var records = RecordBytes()
    for pid in [200, 201, 300] as [UInt32] { records.fork(pid, pid, from: 100, at: 10) }
    if losses { records.add(PerfRecordKind.lost, [1, 7], stamp: (200, 200, 60)) }
    records.exit(201, 201, from: 100, at: 70)
    return records.bytes
  }

  private static func ends(_ sink: CollectingSink) -> [String] {
    sink.lines.filter { $0.contains("ends") || $0.contains("ProcessStop") }
  }

  @Test func aProcessThatIsGoneEnds() {
    let (sink, translator, _) = RecordedTranslationTests.translate(
      Self.records(losses: true), Self.lost)
    let told = ["201/201 ProcessStop at 70", "201 ends at 70"]
    translator.endMissing(atNanoseconds: 80)
    // Its exit record may be in a ring that was not read yet.
    #expect(Self.ends(sink) == told)
    translator.endMissing(atNanoseconds: 90)
    #expect(Self.ends(sink) == told + ["200 ends at 90"])
    translator.endMissing(atNanoseconds: 100, isLast: true)
    #expect(Self.ends(sink).count == 3)
    // Records from before its end still belong to it.
    var late = RecordBytes()
    late.sample(200, 200, [0x1000], at: 85)
    late.bytes.withUnsafeBytes { _ = translator.take($0, RecordedTranslationTests.parser) }
    #expect(sink.processes.map(\.pid).sorted() == [200, 201, 300])
  }

  @Test func theLastLookIsWhole() {
    let (sink, translator, _) = RecordedTranslationTests.translate(
      Self.records(losses: true), Self.lost)
    translator.endMissing(atNanoseconds: 80, isLast: true)
    #expect(Self.ends(sink).last == "200 ends at 80")
  }

  /// Without losses, no process is checked.
  @Test func nothingIsLost() {
    let (sink, translator, _) = RecordedTranslationTests.translate(
      Self.records(losses: false), Self.lost)
    translator.endMissing(atNanoseconds: 80, isLast: true)
    #expect(Self.ends(sink) == ["201/201 ProcessStop at 70", "201 ends at 70"])
  }

  @Test func inSteps() {
    var ends = MissedEnds()
    ends.isWanted = true
    var asked: [UInt32] = []
    var ended: [UInt32] = []
    var looks = 0
    while !ends.isEmpty {
      let more = ends.look(limit: 64, known: { Array(1...150) }) {
        asked.append($0)
        return $0.isMultiple(of: 2)
      }
      ended += more
      looks += 1
    }
    #expect(looks == 4)
    #expect(asked.sorted() == Array(1...150))
    #expect(ended.sorted() == (1...75).map { $0 * 2 })
  }
}
