/// Compiles a program's tree to bytecode; contains the state shared by all functions.
final class ProgramCompiler {
  private(set) var code = ProgramCode()
  private var functionByName: [String: Int] = [:]
  private var shapeByName: [String: Int] = [:]
  private var fieldByName: [String: Int] = [:]
  private var globalByName: [String: Int] = [:]

  /// Operands have 16 bits.
  private static let functionCountMax = 60_000
  /// A field's position is one byte in the tables that machine code reads.
  private static let fieldCountMax = 250

  static func compile(_ syntax: ProgramSyntax) throws(SyntaxError) -> ProgramCode {
    let compiler = ProgramCompiler()
    try compiler.declare(syntax)
    let main = FunctionSyntax(name: "main", parameters: [], body: syntax.main, line: 1)
    // Globals first, because functions may use globals declared after them.
    compiler.code.functions[0] = try FunctionCompiler(main, in: compiler, isMain: true).compile()
    for (index, function) in syntax.functions.enumerated() {
      compiler.code.functions[index + 1] = try FunctionCompiler(function, in: compiler).compile()
    }
    compiler.code.fieldNames = compiler.fieldByName.sorted { $0.value < $1.value }.map(\.key)
    return compiler.code
  }

  private func declare(_ syntax: ProgramSyntax) throws(SyntaxError) {
    code.functions = [FunctionCode(name: "main", parameters: [])]
    for function in syntax.functions {
      guard functionByName.updateValue(code.functions.count, forKey: function.name) == nil else {
        throw SyntaxError(line: function.line, message: "a second function '\(function.name)'")
      }
      code.functions.append(FunctionCode(name: function.name, parameters: function.parameters))
    }
    for record in syntax.records {
      guard record.fields.count <= Self.fieldCountMax else {
        throw SyntaxError(line: record.line, message: "'\(record.name)' has too many fields")
      }
      guard shapeByName.updateValue(code.shapes.count, forKey: record.name) == nil else {
        throw SyntaxError(line: record.line, message: "a second record '\(record.name)'")
      }
      code.shapes.append(RecordShape(name: record.name, fields: record.fields))
      for field in record.fields { _ = self.field(field) }
    }
  }

  func function(_ name: String) -> Int? { functionByName[name] }
  func shape(_ name: String) -> Int? { shapeByName[name] }
  func global(_ name: String) -> Int? { globalByName[name] }

  func declareGlobal(_ name: String) -> Int {
    if let known = globalByName[name] { return known }
    globalByName[name] = code.globalCount
    code.globalCount += 1
    return code.globalCount - 1
  }

  func field(_ name: String) -> Int {
    if let known = fieldByName[name] { return known }
    fieldByName[name] = fieldByName.count
    return fieldByName.count - 1
  }

  /// Adds a nested function.
  func add(_ function: FunctionCode, line: Int) throws(SyntaxError) -> Int {
    guard code.functions.count < Self.functionCountMax else {
      throw SyntaxError(line: line, message: "too many functions")
    }
    code.functions.append(function)
    return code.functions.count - 1
  }
}
