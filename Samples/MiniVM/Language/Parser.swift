/// Recursive descent: one function for each rule of the grammar in README.md.
struct Parser {
  private let tokens: [PlacedToken]
  private var place = 0
  /// Nesting depth of expressions and blocks, limited because of the stack.
  private var depth = 0
  private static let depthMax = 200
  /// Maximum length of a chain of operators, calls and the like, which determines the depth of the
  /// tree.
  private static let chainMax = 1000

  init(_ source: String) throws(SyntaxError) { tokens = try Lexer.tokens(of: source) }

  static func parse(_ source: String) throws(SyntaxError) -> ProgramSyntax {
    var parser = try Parser(source)
    return try parser.program()
  }

  var line: Int { tokens[place].line }
  var token: Token { tokens[place].token }

  func failure(_ message: String) -> SyntaxError { SyntaxError(line: line, message: message) }

  mutating func advance() { if place + 1 < tokens.count { place += 1 } }

  mutating func take(_ symbol: String) -> Bool {
    guard token == .symbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func take(_ keyword: Keyword) -> Bool {
    guard token == .keyword(keyword) else { return false }
    advance()
    return true
  }

  mutating func expect(_ symbol: String) throws(SyntaxError) {
    guard take(symbol) else { throw failure("'\(symbol)' is expected") }
  }

  mutating func name() throws(SyntaxError) -> String {
    guard case .name(let name) = token else { throw failure("a name is expected") }
    advance()
    return name
  }

  /// Refuses excessive nesting.
  mutating func nested<Result>(
    _ rule: (inout Parser) throws(SyntaxError) -> Result
  ) throws(SyntaxError) -> Result {
    guard depth < Self.depthMax else { throw failure("nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    return try rule(&self)
  }

  /// Counts a link of a chain.
  func extend(_ chain: inout Int) throws(SyntaxError) {
    chain += 1
    guard chain <= Self.chainMax else { throw failure("nested too deeply") }
  }

  private mutating func program() throws(SyntaxError) -> ProgramSyntax {
    var program = ProgramSyntax()
    while token != .end {
      let line = line
      if take(.fn) {
        program.functions.append(try function(named: try name(), line: line))
      } else if take(.record) {
        let name = try name()
        try expect("{")
        let fields = try names(until: "}")
        program.records.append(RecordSyntax(name: name, fields: fields, line: line))
      } else {
        program.main.append(try statement())
      }
    }
    return program
  }

  mutating func function(named name: String, line: Int) throws(SyntaxError) -> FunctionSyntax {
    try expect("(")
    let parameters = try names(until: ")")
    return FunctionSyntax(name: name, parameters: parameters, body: try block(), line: line)
  }

  private mutating func names(until end: String) throws(SyntaxError) -> [String] {
    var names: [String] = []
    while !take(end) {
      if !names.isEmpty { try expect(",") }
      names.append(try name())
    }
    return names
  }

  mutating func block() throws(SyntaxError) -> [Statement] {
    try nested { parser throws(SyntaxError) in
      try parser.expect("{")
      var statements: [Statement] = []
      while !parser.take("}") {
        if parser.token == .end { throw parser.failure("'}' is expected") }
        statements.append(try parser.statement())
      }
      return statements
    }
  }

  private mutating func statement() throws(SyntaxError) -> Statement {
    let line = line
    return Statement(kind: try statementKind(), line: line)
  }

  private mutating func statementKind() throws(SyntaxError) -> Statement.Kind {
    if take(.if) { return try condition() }
    if take(.while) { return .loop(try expression(), try block()) }
    if take(.for) { return try counting() }
    if take(.try) {
      let body = try block()
      guard take(.catch) else { throw failure("'catch' is expected") }
      return .try(body, caught: try name(), try block())
    }
    let kind = try simpleStatement()
    try expect(";")
    return kind
  }

  private mutating func simpleStatement() throws(SyntaxError) -> Statement.Kind {
    if take(.let) {
      let name = try name()
      try expect("=")
      return .declare(name, try expression())
    }
    if take(.return) { return .return(token == .symbol(";") ? nil : try expression()) }
    if take(.throw) { return .throw(try expression()) }
    if take(.break) { return .break }
    if take(.continue) { return .continue }
    let target = try expression()
    guard take("=") else { return .evaluate(target) }
    switch target.kind {
    case .name, .element, .field: return .assign(target, try expression())
    default: throw failure("only names, elements and fields can be assigned to")
    }
  }

  private mutating func condition() throws(SyntaxError) -> Statement.Kind {
    let test = try expression()
    let then = try block()
    guard take(.else) else { return .condition(test, then: then, otherwise: []) }
    let line = line
    guard take(.if) else { return .condition(test, then: then, otherwise: try block()) }
    let other = try nested { parser throws(SyntaxError) in try parser.condition() }
    return .condition(test, then: then, otherwise: [Statement(kind: other, line: line)])
  }

  private mutating func counting() throws(SyntaxError) -> Statement.Kind {
    let name = try name()
    guard take(.in) else { throw failure("'in' is expected") }
    let first = try expression()
    try expect("..")
    return .count(name, from: first, to: try expression(), try block())
  }
}
