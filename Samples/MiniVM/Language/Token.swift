/// The tokens of a program's text.
enum Token: Equatable {
  case integer(Int)
  case float(Double)
  case string(String)
  case name(String)
  case keyword(Keyword)
  case symbol(String)
  case end
}

enum Keyword: String {
  case `break`, `catch`, `continue`, `else`, `false`, fn, `for`, `if`, `in`, `let`, `nil`, record
  case `return`, `throw`, `true`, `try`, `while`
}

struct PlacedToken {
  var token: Token
  /// The line, starting at 1.
  var line: Int
}

/// An error in a program's text, with its position.
struct SyntaxError: Error, CustomStringConvertible {
  var line: Int
  var message: String

  var description: String { "line \(line): \(message)" }
}
