extension Parser {
  /// Operators by precedence, lowest first.
  private static let levels: [[String: Opcode]] = [
    ["==": .equal, "!=": .notEqual],
    ["<": .less, "<=": .lessEqual, ">": .less, ">=": .lessEqual],
    ["|": .bitOr], ["^": .bitXor], ["&": .bitAnd],
    ["<<": .shiftLeft, ">>": .shiftRight],
    ["+": .add, "-": .subtract],
    ["*": .multiply, "/": .divide, "%": .remainder],
  ]

  mutating func expression() throws(SyntaxError) -> Expression {
    try nested { parser throws(SyntaxError) in try parser.disjunction() }
  }

  private mutating func disjunction() throws(SyntaxError) -> Expression {
    var left = try conjunction()
    var chain = 0
    while take("||") {
      try extend(&chain)
      left = Expression(kind: .or(left, try conjunction()), line: left.line)
    }
    return left
  }

  private mutating func conjunction() throws(SyntaxError) -> Expression {
    var left = try binary(0)
    var chain = 0
    while take("&&") {
      try extend(&chain)
      left = Expression(kind: .and(left, try binary(0)), line: left.line)
    }
    return left
  }

  private mutating func binary(_ level: Int) throws(SyntaxError) -> Expression {
    guard level < Self.levels.count else { return try unary() }
    var left = try binary(level + 1)
    var chain = 0
    while case .symbol(let symbol) = token, let opcode = Self.levels[level][symbol] {
      try extend(&chain)
      advance()
      let right = try binary(level + 1)
      // "a > b" is compiled as "b < a".
      let isSwapped = symbol == ">" || symbol == ">="
      left = Expression(
        kind: isSwapped ? .binary(opcode, right, left) : .binary(opcode, left, right),
        line: left.line)
    }
    return left
  }

  private mutating func unary() throws(SyntaxError) -> Expression {
    let line = line
    if take("-") {
      return try nested { parser throws(SyntaxError) in
        Expression(kind: .negation(try parser.unary()), line: line)
      }
    }
    if take("!") {
      return try nested { parser throws(SyntaxError) in
        Expression(kind: .not(try parser.unary()), line: line)
      }
    }
    return try postfix()
  }

  private mutating func postfix() throws(SyntaxError) -> Expression {
    var value = try primary()
    var chain = 0
    while true {
      let line = line
      try extend(&chain)
      if take("(") {
        value = Expression(kind: .call(value, try list(until: ")")), line: line)
      } else if take("[") {
        let index = try expression()
        try expect("]")
        value = Expression(kind: .element(of: value, at: index), line: line)
      } else if take(".") {
        value = Expression(kind: .field(of: value, try name()), line: line)
      } else {
        return value
      }
    }
  }

  private mutating func list(until end: String) throws(SyntaxError) -> [Expression] {
    var values: [Expression] = []
    while !take(end) {
      if !values.isEmpty { try expect(",") }
      values.append(try expression())
    }
    return values
  }

  private mutating func primary() throws(SyntaxError) -> Expression {
    let line = line
    let first = token
    if first == .end { throw failure("the program ends within an expression") }
    advance()
    let kind: Expression.Kind
    switch first {
    case .integer(let value): kind = .integer(value)
    case .float(let value): kind = .float(value)
    case .string(let value): kind = .string(value)
    case .name(let name): kind = .name(name)
    case .keyword(.nil): kind = .nothing
    case .keyword(.true): kind = .boolean(true)
    case .keyword(.false): kind = .boolean(false)
    case .keyword(.fn): kind = .function(try function(named: "", line: line))
    case .symbol("["): kind = .array(try list(until: "]"))
    case .symbol("("):
      let inner = try expression()
      try expect(")")
      return inner
    default: throw SyntaxError(line: line, message: "an expression is expected")
    }
    return Expression(kind: kind, line: line)
  }
}
