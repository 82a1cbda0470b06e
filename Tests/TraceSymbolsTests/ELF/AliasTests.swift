import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// Of several names for one address, the one that perf shows, as determined with perf 6.1.
@Suite(.needs(.program("g++"))) struct AliasTests {
  private static let source = """
    #define ALIAS(target) __attribute__((used, alias(#target)))
    extern "C" {
    int strong(int x) { return x + 1; }
    int __strong_longer(int) ALIAS(strong);
    __attribute__((weak)) int weak_longer(int) ALIAS(strong);
    static int local_longer(int) ALIAS(strong);

    __attribute__((used)) static int __GI_work(int x) { return x + 2; }
    __attribute__((weak)) int work(int) ALIAS(__GI_work);

    int shorter(int x) { return x + 3; }
    int the_longer(int) ALIAS(shorter);

    int __order_2(int x) { return x + 5; }
    __asm__(".symver __order_2, _ZN4shop5orderEi@@SHOP_2");
    int __order_1(int) ALIAS(__order_2);
    __asm__(".symver __order_1, _ZN4shop5orderEi@SHOP_1");
    }
    """

  /// The shown names, by the names in the file.
  @Test func onesThatPerfShows() throws {
    let versions = TemporaryFile("SHOP_1 { global: *; }; SHOP_2 {} SHOP_1;")
    let library = try #require(
      CompiledProgram(
        Self.source,
        options: "-shared -fPIC -fno-toplevel-reorder -Wl,--version-script=\(versions.path)"))
    let oracle = try #require(SymbolOracle(library.path, debug: nil))
    let table = SymbolTable.read(try ELFFile(path: library.path)).0
    for (name, expected) in [
      "local_longer": "strong", "work": "__GI_work", "shorter": "the_longer",
      "__order_1": "_ZN4shop5orderEi", "__order_2": "_ZN4shop5orderEi",
    ] {
      let symbol = try #require(oracle.symbols.first { $0.name == name })
      let offset = try #require(oracle.fileOffset(of: symbol.start))
      #expect(table.lookup(offset)?.name == expected)
    }
  }

  @Test(arguments: [
    ("open@@GLIBC_2.2.5", "open"), ("open@GLIBC_2.2.5", "open"), ("open@plt", "open@plt"),
    ("open@pltx", "open"), ("open@", "open"), ("@open", "@open"), ("@", "@"), ("", ""),
    ("?open@@YAHXZ", "?open@@YAHXZ"),
  ])
  func whatIsBehindAnAtIsAVersion(name: String, shown: String) {
    let bytes = Array(name.utf8)
    let length = bytes.withUnsafeBufferPointer { SymbolVersion.nameLength($0) }
    #expect(String(decoding: bytes[..<length], as: UTF8.self) == shown)
  }
}
