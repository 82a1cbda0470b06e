import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// Sections compressed by a linker are read like others.
@Suite(.needs(.program("gcc"), .program("python3")))
struct CompressedSectionTests {
  /// The methods in the header of a compressed section.
  static let (zlib, zstd) = (UInt32(1), UInt32(2))

  private func program() throws -> TemporaryFile {
    let source = TemporaryFile(
      "int packed_one(int n) { return n * 3; }\nint main(void) { return 0; }\n")
    let program = TemporaryFile()
    _ = try #require(
      Tool.output("gcc", "-x", "c", "-g", "-O0", source.path, "-o", program.path))
    return program
  }

  /// Compresses `.symtab`, which objcopy does only with debug sections: the compressed bytes are
  /// appended to the file.
  private func packingSymbols(of path: String, _ kind: UInt32) throws -> TemporaryFile {
    let file = try ELFFile(path: path)
    var bytes = file.source.read(at: 0, count: Int(file.source.count))
    for section in file.sections where [".symtab", ".strtab"].contains(section.name) {
      let input = TemporaryFile()
      try Foundation.Data(file.contents(of: section, limit: 1 << 20))
        .write(to: URL(filePath: input.path))
      let packed: TemporaryFile = TemporaryFile()
      let command =
        kind == Self.zstd
        ? ["sh", "-c", "zstd -q -c \(input.path) > \(packed.path)"]
        : [
          "python3", "-c",
          "import sys,zlib;"
            + "open('\(packed.path)','wb').write("
            + "zlib.compress(open('\(input.path)','rb').read()))",
        ]
      _ = try #require(Tool.output(command[0], Array(command.dropFirst())))
      var content: [UInt8] = []
      for (value, count) in [(UInt64(kind), 8), (section.size, 8), (8, 8)] as [(UInt64, Int)] {
        content += (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
      }
      content += try Array(Foundation.Data(contentsOf: URL(filePath: packed.path)))
      let index = file.sections.firstIndex { $0.name == section.name }!
      let place = Int(file.header.sectionOffset) + index * 64
      func set(_ offset: Int, _ value: UInt64) {
        for byte in 0..<8 {
          bytes[place + offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(byte * 8))
        }
      }
      set(8, section.flags | 0x800)
      set(24, UInt64(bytes.count))
      set(32, UInt64(content.count))
      bytes += content
    }
    let result = TemporaryFile()
    try Foundation.Data(bytes).write(to: URL(filePath: result.path))
    return result
  }

  @Test func aSymbolTableInZlibIsRead() throws { try expectSymbols(Self.zlib) }

  @Test(.needs(.program("zstd"))) func aSymbolTableInZstdIsRead() throws {
    try expectSymbols(Self.zstd)
  }

  private func expectSymbols(_ kind: UInt32) throws {
    let program = try program()
    let packed = try packingSymbols(of: program.path, kind)
    let (whole, _) = SymbolTable.read(try ELFFile(path: program.path))
    let (table, warnings) = SymbolTable.read(try ELFFile(path: packed.path))
    #expect(warnings.isEmpty, "\(warnings)")
    #expect(table.count == whole.count)
    #expect((0..<table.count).contains { table.name(of: $0) == "packed_one" })
    // If damaged, it yields no wrong names.
    var bytes = try Array(Foundation.Data(contentsOf: URL(filePath: packed.path)))
    for index in (bytes.count - 64)..<bytes.count { bytes[index] ^= 0x55 }
    let damaged = try ELFFile(ByteSource(bytes), path: "damaged")
    #expect(SymbolTable.read(damaged).0.count <= whole.count)
  }

  @Test func debugSectionsInZlibHaveLines() throws { try expectLines("zlib") }

  @Test(.needs(objcopyWithZstd)) func debugSectionsInZstdHaveLines() throws {
    try expectLines("zstd")
  }

  /// Some builds of binutils recognize the option, but do not support it.
  private static let objcopyWithZstd = Requirement("objcopy with zstd") {
    Requirement.succeeds(
      "objcopy", "--compress-debug-sections=zstd", "/proc/self/exe", "/dev/null")
  }

  private func expectLines(_ kind: String) throws {
    let program = try program()
    let packed = TemporaryFile()
    _ = try #require(
      Tool.output("objcopy", "--compress-debug-sections=\(kind)", program.path, packed.path))
    let (table, _) = SymbolTable.read(try ELFFile(path: packed.path))
    let index = try #require((0..<table.count).first { table.name(of: $0) == "packed_one" })
    let lines = try #require(ImageLines(path: packed.path, expected: nil, files: DebugFiles()))
    #expect(lines.frames(atFileOffset: table[index].offset)?.line?.line == 1)
  }
}
