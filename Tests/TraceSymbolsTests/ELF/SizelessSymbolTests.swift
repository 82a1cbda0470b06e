import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// A symbol without a size names only its own code, not a following function without a symbol.
@Suite(.needs(.program("gcc")))
struct SizelessSymbolTests {
  /// Labels with and without separate call frame information.
  static let source = """
    __asm__(".text\\n.globl bare_label\\n.type bare_label,@function\\n"
            "bare_label:\\n ret\\n.p2align 4\\n");
    __asm__(".globl described_label\\n.type described_label,@function\\ndescribed_label:\\n"
            ".cfi_startproc\\n nop\\n nop\\n nop\\n ret\\n.cfi_endproc\\n.p2align 4\\n");
    volatile long sink;
    __attribute__((noinline)) void first(long n) { for (long i = 0; i < n; i++) sink += i; }
    __attribute__((noinline)) void second(long n) { for (long i = 0; i < n; i++) sink -= i; }
    int main(int count, char **words) { first(count); second(count); return 0; }
    """

  /// Without call frame information, nothing tells where a function ends that no symbol follows.
  @Test(arguments: ["function", "notype", "gnu_indirect_function"])
  func withoutCallFrameInformationItDoesNotReachFar(_ type: String) throws {
    let source = TemporaryFile(
      """
      __asm__(".text\\n.globl label\\n.type label,@\(type)\\n"
              "label:\\n ret\\n.skip 512,0x90\\n");
      __attribute__((noinline)) void second(volatile long n) { while (n) n--; }
      int main(int count, char **words) { second(count); return 0; }
      """)
    let whole = TemporaryFile()
    let options = ["-x", "c", "-O1", "-fno-toplevel-reorder", "-fno-asynchronous-unwind-tables"]
    _ = try #require(
      Tool.output(
        "gcc", options + [source.path, "-rdynamic", "-fvisibility=hidden", "-o", whole.path]))
    let list = try #require(Tool.output("nm", whole.path))
    func place(_ name: String, _ file: ELFFile) throws -> UInt64 {
      let line = try #require(list.split(separator: "\n").first { $0.hasSuffix(" \(name)") })
      let address = try #require(UInt64(line.prefix { $0 != " " }, radix: 16))
      return try #require(FileAddressing(file).fileOffset(ofCode: address))
    }
    for isStripped in [false, true] {
      let bare = TemporaryFile()
      _ = try #require(Tool.output("strip", "-o", bare.path, whole.path))
      let file = try ELFFile(path: isStripped ? bare.path : whole.path)
      let table = SymbolTable.read(file).0
      #expect(table.lookup(try place("label", file))?.name == "label")
      #expect(table.lookup(try place("second", file))?.name == (isStripped ? nil : "second"))
      // Where all functions have symbols, it reaches up to the next one.
      #expect(
        table.lookup(try place("label", file) + 400)?.name == (isStripped ? nil : "label"))
    }
  }

  /// It ends at its return, or where another function seems to begin.
  @Test(arguments: ["ret", "endbr64", "push %rbp; mov %rsp,%rbp"])
  func withoutCallFrameInformationItEndsBeforeAnotherFunction(_ end: String) throws {
    #if arch(x86_64)
      let source = TemporaryFile(
        """
        .text
        .globl label
        .type label,@function
        label: mov $9,%ecx
        1: dec %ecx
        jnz 1b
        \(end == "ret" ? "" : "jmp *%rax")
        hidden: \(end)
        .skip 64,0x90
        .globl far
        .type far,@function
        far: nop
        """)
      let library = TemporaryFile()
      _ = try #require(
        Tool.output(
          "gcc",
          ["-x", "assembler", source.path, "-shared", "-nostdlib", "-s", "-o", library.path]))
      let file = try ELFFile(path: library.path)
      let table = SymbolTable.read(file).0
      let text = try #require(file.sections.first { $0.name == ".text" })
      let start = try #require(FileAddressing(file).fileOffset(ofCode: text.address))
      // mov takes 5 bytes, dec 2, jnz 2, jmp 2.
      let own: UInt64 = end == "ret" ? 10 : 11
      for offset in 0..<own {
        #expect(table.lookup(start + offset)?.name == "label", "\(offset)")
      }
      for offset in own..<own + 64 {
        #expect(table.lookup(start + offset) == nil, "\(offset)")
      }
    #endif
  }

  @Test(arguments: [["-s"], ["-Wl,--strip-all", "-static"], ["-Wl,--retain-symbols-file"]])
  func itEndsWhereTheNextFunctionBegins(_ options: [String]) throws {
    let source = TemporaryFile(Self.source)
    let (whole, bare) = (TemporaryFile(), TemporaryFile())
    let kept = TemporaryFile("bare_label\ndescribed_label\n")
    let isPartial = options[0].contains("retain")
    let all = ["-x", "c", "-O1", "-fno-toplevel-reorder", source.path]
    let isStatic = options.contains("-static")
    _ = try #require(
      Tool.output(
        "gcc",
        all + (isStatic ? ["-static"] : ["-rdynamic"]) + ["-fvisibility=hidden"]
          + ["-o", whole.path]))
    if isPartial {
      _ = try #require(
        Tool.output(
          "objcopy", "--strip-all", "--keep-symbols=" + kept.path, whole.path, bare.path))
    } else {
      _ = try #require(Tool.output("strip", "-o", bare.path, whole.path))
    }
    let file = try ELFFile(path: bare.path)
    let (table, _) = SymbolTable.read(file)
    let addressing = FileAddressing(file)
    let list = try #require(Tool.output("nm", whole.path))
    var places: [String: UInt64] = [:]
    for line in list.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 3, let address = UInt64(parts[0], radix: 16) else { continue }
      places[String(parts[2])] = addressing.fileOffset(ofCode: address)
    }
    for name in ["first", "second", "main"] {
      let place = try #require(places[name])
      let found = table.lookup(place)?.name
      #expect(found == nil || found == name, "\(name) is called \(found ?? "")")
      #expect(table.lookup(place + 4)?.name == found)
    }
    for name in ["bare_label", "described_label"] where isPartial || !isStatic {
      let place = try #require(places[name])
      #expect(table.lookup(place)?.name == name)
      #expect(table.lookup(place + 16)?.name != name)
    }
  }
}
