// The tree that the parser creates from a program.

struct Expression {
  indirect enum Kind {
    case nothing
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case name(String)
    case negation(Expression)
    case not(Expression)
    case binary(Opcode, Expression, Expression)
    /// Evaluates the second operand only if the first does not decide.
    case and(Expression, Expression)
    case or(Expression, Expression)
    case call(Expression, [Expression])
    case element(of: Expression, at: Expression)
    case field(of: Expression, String)
    case array([Expression])
    case function(FunctionSyntax)
  }

  var kind: Kind
  var line: Int
}

struct Statement {
  indirect enum Kind {
    case declare(String, Expression)
    /// The target is a name, an element or a field.
    case assign(Expression, Expression)
    case evaluate(Expression)
    case condition(Expression, then: [Statement], otherwise: [Statement])
    case loop(Expression, [Statement])
    case count(String, from: Expression, to: Expression, [Statement])
    case `break`
    case `continue`
    case `return`(Expression?)
    case `throw`(Expression)
    case `try`([Statement], caught: String, [Statement])
  }

  var kind: Kind
  var line: Int
}

struct FunctionSyntax {
  var name: String
  var parameters: [String]
  var body: [Statement]
  var line: Int
}

struct RecordSyntax {
  var name: String
  var fields: [String]
  var line: Int
}

struct ProgramSyntax {
  var functions: [FunctionSyntax] = []
  var records: [RecordSyntax] = []
  /// Runs once; its declarations are the globals.
  var main: [Statement] = []
}
