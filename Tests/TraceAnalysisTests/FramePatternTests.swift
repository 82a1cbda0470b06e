import Testing

@testable import TraceAnalysis

@Suite struct FramePatternTests {
  @Test(arguments: [
    ("fib", "main!fib", true), ("FIB", "main!fib(int)", true), ("^fib", "main!fib", false),
    ("^main!", "main!fib", true), ("m*b", "main!fib", true),
    ("lib*!mem*", "libc.so.6!memcpy", true),
    ("libc%!memcpy", "libc.so.6!memcpy", true), ("^%!memcpy", "lib c!memcpy", false),
    ("a|b", "xbx", true), ("a|b", "xcx", false), ("^{a|b}!", "b!x", true),
    ("^{a|b}!", "c!x", false),
    ("*", "", true), ("a*a*a*a*a*a*a*b", String(repeating: "a", count: 500), false),
    ("Process node%*", "Process node (12)", true), (".", "abc", false),
    ("[k]!", "[k]!schedule", true),
    ("é", "caf\u{e9}", true),
  ])
  func fits(pattern: String, name: String, expected: Bool) throws {
    #expect(try FramePattern(pattern).matches(name) == expected)
  }

  @Test(arguments: ["", "{a", "a}", "{a|{b}"])
  func whatIsNoPatternIsSaid(text: String) {
    #expect(throws: FramePatternError.self) { try FramePattern(text) }
  }

  @Test func aLongPatternIsRefused() {
    let text = String(repeating: "{", count: 60) + String(repeating: "}", count: 60)
    #expect(throws: FramePatternError.self) { try FramePattern(text) }
    #expect(throws: FramePatternError.self) {
      try FramePattern(String(repeating: "a", count: 2000))
    }
  }

  @Test(
    arguments: [
      ("{%}!->module $1", "libc.so.6!memcpy", "module libc.so.6"),
      ("{*}!{*}->$2 in $1", "a!b", "b in a"),
      ("mem*->[$&]", "libc!memcpy", "[memcpy]"),
      ("^libc!=>libc", "libc!memcpy", "libc"),
      ("^libc!=>libc", "xlibc!memcpy", nil),
      ("a|b->$1-$9-$", "a", "--$"),
      ("cpy", "memcpy", "cpy"),
      ("mine->", "mine!x", ""),
    ] as [(String, String, String?)])
  func groupsAreNamed(group: String, frame: String, expected: String?) throws {
    #expect(try FrameGroup(group).name(for: frame) == expected)
  }
}
