import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceImport

/// What the processor or the perf of this machine does not record, put into recordings made here.
@Suite(.needs(.program("perf"), .kernelSamples, .program("gcc")), .serialized)
struct PerfRewrittenTests {
  private static let program = CProgram(
    """
    volatile unsigned long sink;
    __attribute__((noinline)) void leaf(int n) { for (int i = 0; i < n; i++) sink += i * sink; }
    __attribute__((noinline)) void middle(int n) { leaf(n); sink++; }
    __attribute__((noinline)) void outer(int n) { middle(n); sink++; }
    int main(void) { for (int i = 0; i < 60; i++) outer(1000000); return 0; }
    """, name: "rewritten")

  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/perf.data" }
  private var changed: String { directory.path + "/changed.data" }

  private func record(_ options: String...) throws -> PerfFile {
    try perfRecord(options, [try #require(Self.program.path)], to: path)
    return try PerfFile(path: path)
  }

  /// zstd in the form of perf 6.16: a size of the data, and padding behind it.
  @Test func newerCompression() throws {
    var file = try record("-g", "-z", "-F", "999")
    var count = 0
    file.records = file.records.map { record in
      guard PerfFile.kind(record) == 81 else { return record }
      count += 1
      let data = Array(record.dropFirst(8))
      return PerfFile.record(83, PerfFile.words([UInt64(data.count)]) + data)
    }
    #expect(count > 0)
    try file.write(to: changed)
    let imported = try ImportedRecording(path: changed)
    #expect(imported.samples.count > 20)
    #expect(imported.samples.filter { $0.tid != 0 } == (try PerfScript.samples(path)))
    #expect(imported.report.damage == [])
  }

  /// Traces of a processor are skipped with their data, which follows the record.
  @Test func auxiliaryDataIsSkipped() throws {
    var file = try record("-g", "-F", "999")
    let middle = file.records.count / 2
    let size: UInt64 = 4096
    let data = (0..<Int(size)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let trace =
      PerfFile.record(71, PerfFile.words([size, 0, 1, 5 << 32])) + data
    file.records.insert(trace, at: middle)
    file.records.insert(PerfFile.record(70, PerfFile.words([1, 2, 3])), at: 0)
    try file.write(to: changed)
    let imported = try ImportedRecording(path: changed)
    #expect(imported.samples.filter { $0.tid != 0 } == (try PerfScript.samples(path)))
    #expect(
      imported.report.notes.contains { $0.hasPrefix("4096 bytes of AUX data") },
      "\(imported.report.notes)")
    #expect(imported.report.damage == [])
  }

  /// The calls that a processor keeps (--call-graph lbr), as perf shows them. In place of the
  /// sampled address perf shows where its function begins.
  @Test(.needs(.x86)) func keptCalls() throws {
    var file = try record("-g", "-F", "999", "-e", "cpu-clock:u")
    // IP, TID, TIME, PERIOD and CALLCHAIN, perhaps with IDENTIFIER.
    let type = file.sampleType
    #expect(type & ~(1 << 16) == 0x127, "\(type)")
    let chainAt = 8 + 8 * (type & ~0x20).nonzeroBitCount
    file.addBranches(type: 1 | 1 << 11)
    var calls = 0
    file.records = file.records.map { record in
      guard PerfFile.kind(record) == 9 else { return record }
      let count = Int(PerfFile.number(record, chainAt, 8))
      let chain = (0..<count).map { PerfFile.number(record, chainAt + 8 + 8 * $0, 8) }
      let user = chain.filter { $0 < 1 << 47 }
      // The call is five bytes before the address to which it returns; the latest comes first.
      let branches = user.dropFirst().enumerated().map { index, frame in
        [frame - 5, user[index] & ~15, 0]
      }
      calls += branches.count
      let kept = PerfFile.words([UInt64(branches.count)] + branches.flatMap { $0 })
      let content = record.dropFirst(8) + kept
      return PerfFile.record(9, misc: PerfFile.number(record, 4, 2), Array(content))
    }
    #expect(calls > 50)
    try file.write(to: changed)
    let imported = try ImportedRecording(path: changed, callersAreBefore: true)
    let own = imported.samples.filter { $0.tid != 0 }
    let shown = try PerfScript.samples(changed)
    #expect(own.count == shown.count && own.count > 20)
    var compared = 0
    for (one, other) in zip(own, shown) {
      #expect(one.time == other.time && one.tid == other.tid && one.period == other.period)
      // perf shows the kernel's chain if the processor kept no calls.
      guard one.frames.count > 1 else { continue }
      #expect(Array(one.frames.dropFirst()) == Array(other.frames.dropFirst()))
      compared += 1
    }
    #expect(compared > 20)
  }
}
