import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@_spi(Fuzzing) @testable import TraceImport

/// Recordings that are cut, damaged or hostile: the corpus of the fuzz target, and changes of it.
@Suite(.randomized, .serialized) struct ImportDamageTests {
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Fuzz/Corpus/import").standardized

  /// The corpus by file name.
  static let corpus: [(name: String, bytes: [UInt8])] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return names.sorted().map { name in
      (name, [UInt8]((try? Data(contentsOf: directory.appendingPathComponent(name))) ?? Data()))
    }
  }()

  private func file(_ name: String) throws -> [UInt8] {
    try #require(Self.corpus.first { $0.name == name }?.bytes)
  }

  private func imported(_ bytes: [UInt8]) throws -> ImportedRecording {
    try ImportedRecording(ImportSource(bytes: bytes))
  }

  @Test func corpusIsRead() throws {
    #expect(Self.corpus.count >= 7)
    for (name, bytes) in Self.corpus {
      let events = bytes.withUnsafeBytes(ImportProbe.read)
      #expect(try #require(events, "\(name)") > 0)
    }
  }

  /// A compressed stream of another machine, with the samples that `perf script` shows.
  @Test func recordingOfAnotherMachine() throws {
    let other = try imported(file("pipe-arm64.data"))
    #expect(other.samples.map(\.period) == [1, 1, 1, 9, 223, 5834, 183_843, 1_981_235])
    #expect(other.samples.map(\.time).first == 405_307_462_931)
    #expect(other.samples.map(\.time).last == 405_308_418_372)
    #expect(other.samples.allSatisfy { $0.pid == 1964 && $0.tid == 1964 })
    #expect(other.samples.first?.frames == ["ffffb849d9ae75ac"])
    #expect(other.file.session.machine.architecture == "aarch64")
    // Times of day come from the recording.
    #expect(other.file.session.start.realtimeNanoseconds > 1_700_000_000_000_000_000)
  }

  /// Attributes that are longer than perf 6.1 knows.
  @Test func recordingOfANewerPerf() throws {
    #expect(try imported(file("newer.data")).samples.count == 7)
  }

  /// Of a file that is cut, everything before the cut is imported, and the cut is said.
  @Test func cutFilesGiveWhatIsBeforeTheCut() throws {
    let whole = try file("frames.data")
    let samples = try imported(whole).samples
    #expect(samples.count > 3)
    let ends = Self.sampleEnds(whole)
    #expect(ends.count == samples.count)
    for cut in stride(from: whole.count - 1, to: ends[0], by: -7) {
      let part = try imported(Array(whole.prefix(cut)))
      let expected = ends.count { $0 <= cut }
      #expect(part.samples == Array(samples.prefix(expected)), "cut at \(cut)")
      #expect(!part.report.damage.isEmpty, "cut at \(cut)")
    }
  }

  /// Where the samples of an uncompressed file end.
  private static func sampleEnds(_ bytes: [UInt8]) -> [Int] {
    func number(_ offset: Int, _ size: Int) -> Int {
      (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    var (offset, ends) = (number(40, 8), [Int]())
    let end = offset + number(48, 8)
    while offset < end {
      let size = number(offset + 6, 2)
      offset += size
      if number(offset - size, 4) == 9 { ends.append(offset) }
    }
    return ends
  }

  @Test func cutAnywhere() {
    for (_, bytes) in Self.corpus {
      for cut in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 97)) {
        _ = Array(bytes.prefix(cut)).withUnsafeBytes(ImportProbe.read)
      }
    }
  }

  /// Bits that are flipped, words that are made large, and parts that are repeated.
  @Test(arguments: corpus.indices) func changedAnywhere(index: Int) {
    var random = SeededGenerator(13 + UInt64(index))
    for _ in 0..<Rounds.count(40) {
      var bytes = Self.corpus[index].bytes
      for _ in 0...random.below(4) { Self.change(&bytes, &random) }
      _ = bytes.withUnsafeBytes(ImportProbe.read)
    }
  }

  private static func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard bytes.count > 32 else { return }
    let place = random.below(bytes.count)
    switch random.below(6) {
    case 0: bytes[place] = random.below(2) == 0 ? 0xff : 0
    case 1:
      // A size or an offset that is much too large.
      let place = min(place & ~7, bytes.count - 8)
      for index in place..<place + 8 { bytes[index] = index < place + 4 ? 0xf0 : 0x7f }
    case 2:
      let count = min(8 * random.below(40), bytes.count - place)
      bytes.insert(contentsOf: bytes[place..<place + count], at: place)
    default: bytes[place] ^= 1 << UInt8(random.below(8))
    }
  }

  @Test func otherByteOrderIsSaid() {
    let bytes = Array("2ELIFREP".utf8) + [UInt8](repeating: 0, count: 200)
    #expect(throws: ImportError.self) {
      try PerfDataImporter().convert(ImportSource(bytes: bytes), to: MemorySink())
    }
  }

  @Test func cutCompressedFilesAreSaid() throws {
    let whole = try file("compressed.data")
    let part = try imported(Array(whole.dropLast(whole.count / 3)))
    #expect(!part.report.damage.isEmpty)
  }
}
