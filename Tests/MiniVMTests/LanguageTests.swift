import Testing

@testable import minivm

/// Text to tokens, tokens to a tree, a tree to bytecode, and the messages for invalid text.
@Suite struct LanguageTests {
  @Test func tokens() throws {
    let source = "let x1 = 1..25; # a comment\n\"a\\n\\\"b\" 1.5 2e3 2.5E-1 >= > << fnord fn"
    let tokens = try Lexer.tokens(of: source)
    #expect(
      tokens.map(\.token) == [
        .keyword(.let), .name("x1"), .symbol("="), .integer(1), .symbol(".."), .integer(25),
        .symbol(";"), .string("a\n\"b"), .float(1.5), .float(2000), .float(0.25), .symbol(">="),
        .symbol(">"), .symbol("<<"), .name("fnord"), .keyword(.fn), .end,
      ])
    #expect(tokens.map(\.line) == [Int](repeating: 1, count: 7) + [Int](repeating: 2, count: 10))
    #expect(try Lexer.tokens(of: "").map(\.token) == [.end])
  }

  private func failure(_ source: String) -> String? {
    do throws(SyntaxError) {
      _ = try ProgramCompiler.compile(Parser.parse(source))
      return nil
    } catch { return "\(error)" }
  }

  @Test(arguments: [
    ("\n\n$", "line 3: byte 36 has no place here"),
    ("print(1);\nlet s = \"open", "line 2: a string without its end"),
    ("let s = \"open\n\";", "line 1: a string without its end"),
    ("140737488355328;", "line 1: '140737488355328' is no number that fits"),
    ("1e;", "line 1: '1e' is no number that fits"),
    ("let = 1;", "line 1: a name is expected"),
    ("let x 1;", "line 1: '=' is expected"),
    ("let x = 1", "line 1: ';' is expected"),
    ("if true { print(1);\n\n", "line 3: '}' is expected"),
    ("print(1;", "line 1: ',' is expected"),
    ("let x =", "line 1: the program ends within an expression"),
    ("\nlet x = );", "line 2: an expression is expected"),
    ("try { } 1;", "line 1: 'catch' is expected"),
    ("for i of 1..2 { }", "line 1: 'in' is expected"),
    ("1 + 2 = 3;", "line 1: only names, elements and fields can be assigned to"),
    ("print(1);\nprint(y);", "line 2: 'y' is not declared"),
    ("y = 1;", "line 1: 'y' is not declared"),
    ("f(1);", "line 1: 'f' is not declared"),
    ("fn f() { }\nfn f() { }", "line 2: a second function 'f'"),
    ("record R { a }\nrecord R { b }", "line 2: a second record 'R'"),
    ("fn f(a) { }\nf(1, 2);", "line 2: 'f' takes 1 arguments, not 2"),
    ("sqrt();", "line 1: 'sqrt' does not take 0 arguments"),
    ("break;", "line 1: there is no loop around this"),
  ])
  func whatIsWrongAndWhere(source: String, message: String) {
    #expect(failure(source) == message)
  }

  @Test func nestingHasALimit() {
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("!", "")] {
      let deep = String(repeating: open, count: 5000) + "1" + String(repeating: close, count: 5000)
      #expect(failure("print(\(deep));") == "line 1: nested too deeply")
    }
    let blocks = String(repeating: "if true {", count: 5000)
    #expect(failure(blocks) == "line 1: nested too deeply")
    // A long chain without nesting yields an equally deep tree.
    for chain in [" + 1", " && 1", " || 1", "()", "[0]", ".x"] {
      let long = "let f = 1; print(f\(String(repeating: chain, count: 5000)));"
      #expect(failure(long) == "line 1: nested too deeply")
    }
    #expect(failure("print(1\(String(repeating: " + 1", count: 900)));") == nil)
  }

  @Test(arguments: [
    ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("10 - 3 - 2", "5"), ("7 / 2", "3"), ("-7 / 2", "-3"),
    ("-7 % 3", "-1"), ("7.0 / 2", "3.5"), ("1 << 4 | 1", "17"), ("6 & 3 ^ 1", "3"),
    ("1 < 2 == true", "true"), ("!nil", "true"), ("1 > 2 || 2 >= 2", "true"),
    ("nil && 1 / 0", "nil"), ("[1, [2.5, \"x\"]]", "[1, [2.5, x]]"), ("\"a\" + \"b\"", "ab"),
    ("-(3) - -2", "-1"), ("(fn(a, b) { return a * b; })(6, 7)", "42"), ("text(1) + \"2\"", "12"),
    ("140737488355327", "140737488355327"), ("0 - 140737488355327 - 1", "-140737488355328"),
  ])
  func values(source: String, shown: String) throws {
    #expect(try Run("print(\(source));", .interpreted).output == [shown])
  }

  /// The line of each throwing instruction is found.
  @Test func linesOfInstructions() throws {
    let code = try ProgramCompiler.compile(Parser.parse("let a = 1;\n\nprint(a +\n  2);\n"))
    let lines = code.functions[0].lines
    #expect(lines.count == code.functions[0].instructions.count)
    #expect(lines.first == 1)
    #expect(Set(lines).isSuperset(of: [1, 3]))
    #expect(Set(lines).isSubset(of: [1, 2, 3, 4]))
  }
}
