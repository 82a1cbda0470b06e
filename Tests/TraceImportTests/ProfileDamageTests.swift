import TestSupport
import Testing
import TraceAnalysis
import TraceFormat

@_spi(Fuzzing) @testable import TraceImport

/// Profiles and folded stacks that are cut, damaged or hostile.
@Suite(.randomized, .serialized) struct ProfileDamageTests {
  private static let names = ["mixed.pb", "addresses.pb", "stacks.folded", "go-heap.pb.gz"]

  private static func file(_ name: String) throws -> [UInt8] {
    try #require(ImportDamageTests.corpus.first { $0.name == name }?.bytes)
  }

  /// Cut anywhere, a profile gives the samples before the cut, and says that it is cut.
  @Test(arguments: ["mixed.pb", "addresses.pb"]) func cutAtEveryByte(name: String) throws {
    let whole = try Self.file(name)
    var previous: UInt64 = 0
    for cut in 0..<whole.count {
      let source = ImportSource(bytes: Array(whole.prefix(cut)))
      guard let importer = ImporterRegistry.importer(of: source),
        let report = try? importer.convert(source, to: MemorySink())
      else { continue }
      #expect(report.events >= previous || report.events == 1, "cut at \(cut)")
      previous = report.events
      _ = Array(whole.prefix(cut)).withUnsafeBytes(ImportProbe.read)
    }
    #expect(previous > 1)
  }

  @Test(arguments: names) func cutAnywhere(name: String) throws {
    let whole = try Self.file(name)
    for cut in 0..<min(whole.count, 4096) {
      _ = Array(whole.prefix(cut)).withUnsafeBytes(ImportProbe.read)
    }
  }

  @Test(arguments: names) func flippedAnywhere(name: String) throws {
    let whole = try Self.file(name)
    var random = SeededGenerator(31)
    for _ in 0..<Rounds.count(600) {
      var bytes = whole
      for _ in 0...random.below(3) {
        let place = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[place] = 0xff
        case 1: bytes.remove(at: place)
        // A length or a number that is much larger.
        case 2: bytes.insert(contentsOf: [0xff, 0xff, 0xff], at: place)
        default: bytes[place] ^= 1 << UInt8(random.below(8))
        }
      }
      _ = bytes.withUnsafeBytes(ImportProbe.read)
    }
  }

  @Test func aCutIsSaid() throws {
    for name in ["mixed.pb", "go-heap.pb.gz"] {
      let whole = try Self.file(name)
      let source = ImportSource(bytes: Array(whole.dropLast(9)))
      let importer = try #require(ImporterRegistry.importer(of: source))
      #expect(try !importer.convert(source, to: MemorySink()).damage.isEmpty, "\(name)")
    }
  }

  /// What takes little room in a file must not take much in memory.
  @Test func compressedZerosAreCut() {
    #expect(PprofImporter.bytesMax(1000) == 32 << 20)
    #expect(PprofImporter.bytesMax(10 << 20) == 240 << 20)
    #expect(PprofImporter.bytesMax(.max >> 8) == 512 << 20)
  }

  @Test func numbersAreFoundByAnyId() {
    var numbers = PprofNumbers()
    for (id, offset) in [(7, 100), (3, 200), (9, 300), (3, 50), (0, 1), (1 << 40, 2)] {
      numbers.add(UInt64(id), at: offset)
    }
    numbers.settle()
    #expect(numbers.count == 3)
    #expect(numbers.position(7).map { numbers.offset(at: $0) } == 100)
    #expect(numbers.position(3).map { numbers.offset(at: $0) } == 50)
    #expect(numbers.position(9).map { numbers.offset(at: $0) } == 300)
    #expect(numbers.position(1) == nil && numbers.position(1 << 40) == nil)
    #expect(numbers.unusable == 2)
  }

  /// Ids that come again and again take no room.
  @Test func repeatedIdsAreOne() {
    var numbers = PprofNumbers()
    for index in 0..<300_000 { numbers.add(UInt64(index % 3 == 0 ? 9 : 5 + index % 2), at: index) }
    numbers.settle()
    #expect(numbers.count == 3)
    #expect(numbers.position(9).map { numbers.offset(at: $0) } == 0)
    #expect(numbers.position(6).map { numbers.offset(at: $0) } == 1)
    #expect(numbers.position(5).map { numbers.offset(at: $0) } == 2)
  }

  /// Strings are found between any other fields.
  @Test func stringsAreFoundByNumber() {
    var random = SeededGenerator(7)
    var (bytes, texts): ([UInt8], [String]) = ([], [])
    for number in 0..<2000 {
      for _ in 0..<(random.below(20) == 0 ? random.below(200) : 0) { bytes += [0x60, 1] }
      if random.below(9) == 0 { bytes += [0x30, 5] }
      let text = String(repeating: "x", count: random.below(5)) + "\(number)"
      bytes += [0x32, UInt8(text.utf8.count)] + text.utf8
      texts.append(text)
    }
    bytes.withUnsafeBytes { bytes in
      let profile = PprofProfile(bytes)
      for (number, text) in texts.enumerated() {
        #expect(profile.string(UInt64(number)) == text)
      }
      #expect(profile.string(2000) == "" && profile.string(.max) == "")
    }
  }

  /// Of a line that is none, and of too many names, the rest is imported.
  @Test func foldedLinesThatAreNoneAreCounted() throws {
    let text = "main;a 1\nmain;b 2.50\nmain;c x\n\nmain;d 18446744073709551616\n"
    let report = try FoldedImporter().convert(
      ImportSource(bytes: Array(text.utf8)), to: MemorySink())
    #expect(report.damage == ["has 1 lines that are not stacks with a count"])
    #expect(report.notes == ["1 counts have fractions, which are left out"])
  }
}
