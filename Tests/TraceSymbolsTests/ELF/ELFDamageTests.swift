import TestSupport
import Testing

@_spi(Fuzzing) @testable import TraceSymbols

/// Files with invalid headers, and truncated files. The probe checks the invariants of the results,
/// and must terminate.
@Suite(.randomized) struct ELFDamageTests {
  /// A field of a header: its file offset and size.
  struct Field: Hashable {
    var offset: Int
    var size: Int
  }

  private static let headerFields =
    [4, 5, 6, 7].map { Field(offset: $0, size: 1) }
    + [16, 18, 52, 54, 56, 58, 60, 62].map { Field(offset: $0, size: 2) }
    + [20, 48].map { Field(offset: $0, size: 4) } + [24, 32, 40].map { Field(offset: $0, size: 8) }

  private static func fields(at table: UInt64, _ count: Int, stride: Int, _ sizes: [Int]) -> [Field]
  {
    (0..<count).flatMap { index in
      var offset = Int(table) + index * stride
      return sizes.map { size in
        defer { offset += size }
        return Field(offset: offset, size: size)
      }
    }
  }

  private static func segmentFields(_ file: ELFFile) -> [Field] {
    fields(
      at: file.header.segmentOffset, file.segments.count, stride: 56, [4, 4, 8, 8, 8, 8, 8, 8])
  }

  private static func sectionFields(_ file: ELFFile) -> [Field] {
    fields(
      at: file.header.sectionOffset, file.sections.count, stride: 64,
      [4, 4, 8, 8, 8, 8, 4, 4, 8, 8])
  }

  private static func changed(_ bytes: [UInt8], _ field: Field, _ value: UInt64) -> [UInt8] {
    var bytes = bytes
    for index in 0..<field.size {
      bytes[field.offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
    return bytes
  }

  private func probe(_ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes { ImageProbe.read($0) } }

  @Test(arguments: ["whole", "debugdata", "no-sections-gnu-hash", "lazy-endbranch"])
  func everyFieldOfEveryHeader(seed: String) throws {
    let bytes = try Corpus.input("elf", seed)
    let file = try ELFFile(ByteSource(bytes), path: seed)
    var random = SeededGenerator()
    for field in Self.headerFields + Self.segmentFields(file) + Self.sectionFields(file) {
      let values: [UInt64] = [0, 1, .max, 1 << 63 - 1, random.next(), UInt64(bytes.count)]
      for value in values { _ = probe(Self.changed(bytes, field, value)) }
    }
  }

  @Test(arguments: ["whole", "stripped", "debugdata", "object-arm"])
  func cutAnywhere(seed: String) throws {
    let bytes = try Corpus.input("elf", seed)
    let whole = probe(bytes)
    for count in stride(from: 0, to: bytes.count, by: 64) {
      #expect(probe(Array(bytes.prefix(count))) <= whole, "\(count) bytes")
    }
  }

  /// Errors in other fields do not lose names.
  @Test func fieldsThatDoNotMatter() throws {
    let bytes = try Corpus.input("elf", "whole")
    let file = try ELFFile(ByteSource(bytes), path: "whole")
    let names = { (bytes: [UInt8]) throws -> [String] in
      let table = SymbolTable.read(try ELFFile(ByteSource(bytes), path: "changed")).0
      return (0..<table.count).map { table[$0].name }
    }
    let expected = try names(bytes)
    #expect(expected.contains("alias") && expected.contains("main"))
    let headers = Self.sectionFields(file)
    for name in [".comment", ".data", ".note.gnu.build-id", ".eh_frame", ".gnu.version"] {
      let index = try #require(file.sections.firstIndex { $0.name == name })
      for field in headers[index * 10..<index * 10 + 10] where field.size == 8 {
        #expect(try names(Self.changed(bytes, field, .max)) == expected, "\(name) \(field)")
      }
    }
    // No section headers: the names that the loader needs are still found.
    let library = try Corpus.input("elf", "no-sections-old-hash")
    #expect(try names(library).contains("alias"))
    #expect(
      SymbolTable.read(try ELFFile(ByteSource(bytes.dropLast(64).map { $0 }), path: "cut")).1
        .contains(.outsideFile("the section header table")))
  }

  /// A thousand tables, each with all names: the cost of a file does not grow with their number.
  @Test func tablesWithoutEnd() throws {
    var bytes = try Corpus.input("elf", "whole")
    let file = try ELFFile(ByteSource(bytes), path: "whole")
    let symbols = try #require(file.sections.firstIndex { $0.kind == ELFSection.Kind.symbols })
    let start = Int(file.header.sectionOffset)
    let headers = Array(bytes[start..<start + file.sections.count * 64])
    let symbolHeader = headers[symbols * 64..<symbols * 64 + 64]
    // After all other data, with space for all 16-bit numbers.
    let count = 60_000
    bytes = Self.changed(bytes, Field(offset: 40, size: 8), UInt64(bytes.count))
    bytes = Self.changed(bytes, Field(offset: 60, size: 2), UInt64(count))
    bytes += headers
    for _ in file.sections.count..<count { bytes += symbolHeader }
    let clock = ContinuousClock()
    let began = clock.now
    let (table, warnings) = SymbolTable.read(try ELFFile(ByteSource(bytes), path: "many"))
    #expect(began.duration(to: clock.now) < .seconds(20))
    #expect(table.count >= 15)
    #expect(table.byteCount < 16 << 20)
    #expect(warnings.contains(.tooMany("symbol tables", limit: SymbolLimits.symbolTables)))
  }

  /// Names of only underscores, each one the tail of the previous one.
  @Test func aliasesWithNamesWithoutEnd() {
    var builder = SymbolTableBuilder()
    let length = 1 << 20
    _ = builder.names.append(StringTable([UInt8](repeating: 0x5f, count: length) + [0]))
    for index in 0..<20_000 {
      builder.candidates.append(
        SymbolCandidate(start: 64, size: 8, name: UInt32(index), rank: 0))
    }
    let table = builder.build()
    #expect(table.count == 1)
    #expect(table[0].name.utf8.count == SymbolLimits.nameLength)
  }
}
