/// A constant of a function, before the heap exists.
enum Constant: Hashable {
  case nothing
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
}

/// Exceptions thrown by instructions in `range` continue at `target`, held in `register`.
struct ExceptionHandler {
  var range: Range<Int>
  var target: Int
  var register: Int
}

/// A compiled function.
struct FunctionCode {
  var name: String
  var parameters: [String]
  /// Number of captured values; nil for a function that is not a closure.
  var captureCount: Int?
  var registerCount = 1
  var instructions: [Instruction] = []
  /// Source lines parallel to `instructions`.
  var lines: [UInt32] = []
  var constants: [Constant] = []
  /// The handlers, inner ones first.
  var handlers: [ExceptionHandler] = []
}

struct RecordShape {
  var name: String
  var fields: [String]
}

/// A program, ready to be loaded.
struct ProgramCode {
  /// The first one is the program's main part.
  var functions: [FunctionCode] = []
  var shapes: [RecordShape] = []
  var fieldNames: [String] = []
  var globalCount = 0
}
