import TestSupport
import Testing
import TraceSymbols

@Suite(.randomized) struct DemanglerTests {
  @Test(arguments: [
    (
      "_ZN5swift7runtime9AccessSet6insertEPNS0_6AccessE",
      "swift::runtime::AccessSet::insert(swift::runtime::Access*)"
    ),
    ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"),
    (
      "_ZN42_$LT$str$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE",
      "<str as core::fmt::Display>::fmt"
    ),
    ("_Zfoo@plt", "_Zfoo@plt"), ("memcpy@plt", "memcpy@plt"),
    ("main", "main"), ("", ""), ("_Z", "_Z"), ("$s", "$s"),
  ])
  func compiled(raw: String, display: String) {
    #expect(Demangler.displayName(raw).display == display)
  }

  @Test func swift() {
    let name = Demangler.displayName("$s6minivm9AssemblerC4emityys5UInt8VF").display
    #expect(name.contains("Assembler.emit"))
    #expect(!name.contains("$s"))
  }

  @Test(arguments: [
    ("JS:*fib file.js:1:13", "fib file.js:1:13", "turbofan"),
    ("JS:~f a.js:1:2", "f a.js:1:2", "interpreter"),
    ("JS:^f a.js:1:2", "f a.js:1:2", "baseline"),
    ("Builtin:ArrayPush", "ArrayPush", "builtin"),
    ("JS:* a.js:1:2", "(anonymous) a.js:1:2", "turbofan"),
  ])
  func scripts(raw: String, display: String, tier: String) {
    #expect(Demangler.displayName(raw) == DisplayName(display, tier: tier))
  }

  @Test func python() {
    #expect(Demangler.displayName("py::main:/a/b.py") == DisplayName("main /a/b.py"))
  }

  /// Any text that is not mangled is returned unchanged and quickly.
  @Test func anyBytes() {
    var random = SeededGenerator()
    for prefix in ["_ZN", "_Z", "$s", "JS:", "L", "instance void [a] ", "_R", "py::"] {
      for _ in 0..<200 {
        let length = Int.random(in: 0...200, using: &random)
        let bytes = (0..<length).map { _ in UInt8.random(in: 32...126, using: &random) }
        _ = Demangler.displayName(prefix + String(decoding: bytes, as: UTF8.self))
      }
    }
    let doubling = "_Z1f" + String(repeating: "S_", count: 10_000)
    #expect(Demangler.displayName(doubling).display == doubling)
  }
}
