import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// Calls in machine code, compared with objdump.
@Suite struct MachineCodeTests {
  @Test(.needs(.x86, .program("objdump"))) func everyCallOfALibraryIsSeen() throws {
    let path = try #require(SystemLibraries.path("libc.so"))
    // Only a part, because the text is long.
    let text = try #require(
      Tool.output("objdump", "-d", "-w", "--stop-address=0x38000", path))
    var calls = 0
    var others = (seen: 0, all: 0)
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard parts.count >= 3 else { continue }
      let bytes = parts[1].split(separator: " ").compactMap { UInt8($0, radix: 16) }
      let words = parts[2].split(separator: " ")
      guard let name = words.first(where: { !["bnd", "notrack", "addr32"].contains($0) })
      else { continue }
      if name == "call" {
        calls += 1
        let found = MachineCode.call(endingIn: bytes)
        #expect(
          found.map { $0 == .indirect } == words.contains { $0.first == "*" },
          "\(line)")
      } else {
        others.all += 1
        if MachineCode.call(endingIn: bytes) != nil { others.seen += 1 }
      }
    }
    #expect(calls > 500)
    // Other instructions' bytes rarely look like a call.
    #expect(others.seen * 1000 < others.all, "\(others)")
  }

  /// Compares `lea` and `call` in a program with objdump.
  @Test func referencesLeadWhereTheyLead() {
    // call 0x2000; lea 0x100(%rip), %rsi; at 0x1000.
    let code: [UInt8] = [0xe8, 0xfb, 0x0f, 0, 0, 0x48, 0x8d, 0x35, 0, 1, 0, 0, 0xe8, 0]
    let found = MachineCode.references(in: code, at: 0x1000)
    #expect(found.calls == [0x2000])
    #expect(found.taken == [0x110c])
    #expect(MachineCode.references(in: [], at: 0).calls.isEmpty)
  }
}
