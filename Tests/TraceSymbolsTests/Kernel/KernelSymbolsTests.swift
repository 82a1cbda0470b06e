import Glibc
import Testing

@testable import TraceSymbols

@Suite struct KernelSymbolsTests {
  private static let text = """
    ffffffff81000000 T _stext
    ffffffff81000000 T startup_64
    ffffffff81000100 t local
    ffffffff81000180 W weak_one
    ffffffff81000180 T strong_one
    ffffffff81000200 D no_function
    ffffffffc0a01000 t nf_hook\t[nf_tables]
    nonsense
    zz T x
    ffffffffc0a01080 t bpf_prog_1_main\t[bpf]

    """

  private func parse(_ text: String, chunk: Int) throws -> KernelSymbols {
    var parser = KernelSymbolParser()
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      parser.feed(bytes[start..<min(start + chunk, bytes.count)])
    }
    return try parser.finish()
  }

  @Test(arguments: [1, 7, 64, 4096])
  func linesCutAnywhere(chunk: Int) throws {
    let symbols = try parse(Self.text, chunk: chunk)
    #expect(symbols.table.count == 5)
    #expect(symbols.lookup(0xffff_ffff_8100_00ff)?.name == "startup_64")
    #expect(symbols.lookup(0xffff_ffff_8100_0100)?.name == "local")
    #expect(symbols.lookup(0xffff_ffff_8100_0190)?.name == "strong_one")
    #expect(symbols.lookup(0xffff_ffff_c0a0_1010)?.name == "nf_hook [nf_tables]")
    #expect(symbols.lookup(0xffff_ffff_c0a0_1010)?.size == 0x80)
    #expect(symbols.lookup(0xffff_ffff_80ff_ffff) == nil)
    // No symbol extends from one module to the next, or to the end of memory.
    #expect(symbols.lookup(0xffff_ffff_9000_0000) == nil)
    #expect(symbols.lookup(0xffff_ffff_ffff_ff00) == nil)
  }

  @Test func hiddenAddressesAreAReason() {
    let hidden = "0000000000000000 T _stext\n0000000000000000 t local\n"
    #expect(throws: KernelSymbolProblem.hidden) { try parse(hidden, chunk: 100) }
    #expect(throws: KernelSymbolProblem.noSymbols) { try parse("", chunk: 100) }
    #expect(throws: KernelSymbolProblem.noSymbols) { try parse("\n\n 1 2 3\n", chunk: 1) }
    #expect(KernelSymbolProblem.hidden.description.contains("kptr_restrict"))
  }

  @Test func missingFileIsAReason() {
    #expect(throws: KernelSymbolProblem.unreadable(path: "/nonexistent", code: ENOENT)) {
      try KernelSymbols.read(path: "/nonexistent")
    }
  }

  @Test func endlessLinesAreBounded() throws {
    var parser = KernelSymbolParser()
    for _ in 0..<100 { parser.feed([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
    parser.feed(Array("\nffffffff81000000 T f\n".utf8))
    let symbols = try parser.finish()
    #expect(symbols.lookup(0xffff_ffff_8100_0000)?.name == "f")
    #expect(symbols.warnings == [.value("a line of the kernel's symbols")])
  }

  @Test func addressesAtTheEndOfMemory() throws {
    let text = "ffffffffffffffff T last\nfffffffffffffffe T before\n"
    let symbols = try parse(text, chunk: 1000)
    #expect(symbols.lookup(.max - 1)?.name == "before")
  }

  /// This machine's kernel, if it shows its addresses.
  @Test func runningKernel() throws {
    do {
      let symbols = try KernelSymbols.read()
      #expect(symbols.table.count > 1000)
      #expect(symbols.table.byteCount < 100 << 20)
    } catch KernelSymbolProblem.hidden, KernelSymbolProblem.unreadable {
      print("the kernel hides its symbols: not compared with them")
    }
  }
}
