import TestSupport
import Testing
import TraceSymbols

/// Comparison with binutils for the libraries of this machine.
@Suite(.needs(.program("nm"), .program("readelf"))) struct ELFOracleTests {
  @Test(arguments: SystemLibraries.some)
  func functionsAreThoseOfNM(path: String) throws {
    let file = try ELFFile(path: path)
    let isStripped = !file.sections.contains { $0.kind == ELFSection.Kind.symbols }
    let text = try #require(
      Tool.output(
        "nm", ["--defined-only", "--no-demangle", "-S"] + (isStripped ? ["-D"] : []) + [path]))
    let (table, warnings) = SymbolTable.read(file)
    #expect(warnings.isEmpty)
    let addressing = FileAddressing(file)
    // Address and size in hexadecimal, a letter, the name; a version may follow it.
    var names: [UInt64: Set<Substring>] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 4, ["t", "T", "w", "W", "i"].contains(parts[2]),
        let address = UInt64(parts[0], radix: 16),
        let offset = addressing.fileOffset(ofCode: address)
      else { continue }
      names[offset, default: []].insert(parts[3].prefix { $0 != "@" })
    }
    #expect(names.count > 1000)
    let wrong = names.filter { offset, aliases in
      guard let found = table.lookup(offset) else { return true }
      return found.offset != offset || !aliases.contains(Substring(found.name))
    }
    #expect(wrong.isEmpty)
  }

  @Test(arguments: SystemLibraries.some)
  func buildIDsAreThoseOfReadelf(path: String) throws {
    let text = try #require(Tool.output("readelf", "-n", path))
    let line = text.split(separator: "\n").first { $0.contains("Build ID:") }
    let digits = line?.split(separator: " ").last.map(String.init)
    #expect(BuildID.ofFile(at: path)?.description == digits)
    #expect(try ELFFile(path: path).buildID?.description == digits)
  }

  /// The sections that readelf lists, with its offsets and sizes.
  @Test(arguments: SystemLibraries.some)
  func sectionsAreThoseOfReadelf(path: String) throws {
    let text = try #require(Tool.output("readelf", "-SW", path))
    let file = try ELFFile(path: path)
    var count = 0
    for line in text.split(separator: "\n") {
      guard let close = line.firstIndex(of: "]") else { continue }
      let parts = line[line.index(after: close)...].split(separator: " ")
      guard parts.count >= 6, parts[0].hasPrefix("."),
        let section = file.section(named: "\(parts[0])")
      else { continue }
      #expect(section.address == UInt64(parts[2], radix: 16))
      #expect(section.fileOffset == UInt64(parts[3], radix: 16))
      #expect(section.size == UInt64(parts[4], radix: 16))
      count += 1
    }
    #expect(count > 10)
  }
}
