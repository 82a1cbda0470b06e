import TestSupport
import Testing

@testable import TraceSymbols

/// Compares each name with those of readelf and objdump for the same address.
@Suite(.randomized, .needs(.program("readelf"), .program("objdump"))) struct NameForNameTests {
  /// Maximum number of functions of each image; smaller images are checked completely.
  static let functionsMax = 6000

  /// In functions and between them: each name is one of the file's names for a function that
  /// contains the address; if no function contains it, there is none.
  @Test(arguments: LargeImages.readByBinutils) func namesAreThoseOfReadelf(path: String) throws {
    let image = try LoadedImage(path: path)
    let oracle = try #require(SymbolOracle(path, debug: image.debugPath))
    var random = SeededGenerator(1)
    var named = 0
    var unnamed = 0
    for address in Self.addresses(oracle, using: &random) {
      guard let offset = oracle.fileOffset(of: address) else { continue }
      let found = image.symbols.lookup(offset)
      if let problem = oracle.problem(with: found, at: address) {
        Issue.record("\(String(address, radix: 16)): \(problem), not \(found?.name ?? "none")")
      }
      if found == nil { unnamed += 1 } else { named += 1 }
    }
    #expect(image.warnings.isEmpty)
    #expect(named >= 2 * min(oracle.symbols.count, Self.functionsMax))
    #expect(unnamed > 10)
  }

  /// The first, the middle and the last byte of functions, adjacent addresses, and random addresses
  /// in code.
  private static func addresses(
    _ oracle: SymbolOracle, using random: inout SeededGenerator
  ) -> [UInt64] {
    var chosen = oracle.symbols
    if chosen.count > functionsMax {
      chosen = (0..<functionsMax).map { _ in oracle.symbols.randomElement(using: &random)! }
    }
    // Few symbols, which are looked up through their resolvers' names.
    chosen += oracle.symbols.filter(\.isIndirect)
    return chosen.flatMap { symbol in
      [
        symbol.start &- 1, symbol.start, symbol.start + symbol.size / 2, symbol.last,
        symbol.last + 1,
      ]
    }
      + oracle.sections.flatMap { section in
        (0..<1000).map { _ in UInt64.random(in: section, using: &random) }
      }
  }

  @Test(arguments: LargeImages.some) func stubsAreThoseOfObjdump(path: String) throws {
    let stubs = try #require(SymbolOracle.stubs(path))
    let image = try LoadedImage(path: path)
    for stub in stubs {
      let offset = try #require(image.addressing.fileOffset(ofCode: stub.address))
      let found = image.symbols.lookup(offset)
      #expect(found?.name == stub.name && found?.offset == offset)
    }
    #expect(!stubs.isEmpty)
  }
}

extension SymbolOracle {
  /// The expected result at the address, if the actual one is wrong.
  func problem(with found: FunctionSymbol?, at address: UInt64) -> String? {
    let covering = covering(address)
    guard !covering.isEmpty else {
      // Labels of assembler code extend to the next symbol; stubs have separate names.
      guard let found, !found.name.hasSuffix("@plt"),
        !labels(before: address).contains(where: { $0.name == found.name })
      else { return nil }
      return "nobody"
    }
    let isOne = covering.contains { symbol in
      symbol.name == found?.name && fileOffset(of: symbol.start) == found?.offset
    }
    return isOne ? nil : covering.map(\.name).joined(separator: " or ")
  }
}
