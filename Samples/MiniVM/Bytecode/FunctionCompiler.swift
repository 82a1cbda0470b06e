/// Compiles one function to bytecode. Each local has a register; temporary values of expressions
/// are in the registers above them.
final class FunctionCompiler {
  let unit: ProgramCompiler
  private let parent: FunctionCompiler?
  private let isMain: Bool
  private let body: [Statement]
  var code: FunctionCode

  private var scopes: [[String: Int]] = [[:]]
  private var captures: [String] = []
  private var closureCount = 0
  private(set) var nextRegister = 0
  private var constantPlaces: [Constant: Int] = [:]
  /// For each enclosing loop: the jumps to its end and to its next iteration, whose targets are set
  /// later.
  var loops: [(breaks: [Int], continues: [Int])] = []
  var line: Int

  private static let registerCountMax = 4096
  private static let instructionCountMax = 1 << 20

  init(
    _ syntax: FunctionSyntax, in unit: ProgramCompiler, inside parent: FunctionCompiler? = nil,
    isMain: Bool = false
  ) {
    self.unit = unit
    self.parent = parent
    self.isMain = isMain
    body = syntax.body
    line = syntax.line
    code = FunctionCode(name: syntax.name, parameters: syntax.parameters)
  }

  func compile() throws(SyntaxError) -> FunctionCode {
    for parameter in code.parameters { scopes[0][parameter] = try newRegister() }
    // The closure itself follows the arguments.
    if parent != nil { _ = try newRegister() }
    try statements(body)
    emit(Instruction(.return, try constant(.nothing)))
    if parent != nil { code.captureCount = captures.count }
    guard code.instructions.count < Self.instructionCountMax else {
      throw failure("'\(code.name)' is too long")
    }
    return code
  }

  func failure(_ message: String) -> SyntaxError { SyntaxError(line: line, message: message) }

  // MARK: Code

  var here: Int { code.instructions.count }

  func emit(_ instruction: Instruction) {
    code.instructions.append(instruction)
    code.lines.append(UInt32(line))
  }

  /// Emits a jump whose target is set later by ``land(_:at:)``.
  func emitJump(_ opcode: Opcode, _ register: Int = 0) -> Int {
    emit(Instruction(opcode, register, wide: 0))
    return here - 1
  }

  func land(_ jump: Int, at target: Int? = nil) {
    let old = code.instructions[jump]
    code.instructions[jump] = Instruction(old.opcode, Int(old.a), wide: target ?? here)
  }

  // MARK: Registers

  func newRegister(_ count: Int = 1) throws(SyntaxError) -> Int {
    nextRegister += count
    guard nextRegister < Self.registerCountMax else {
      throw failure("'\(code.name)' needs too many registers")
    }
    code.registerCount = max(code.registerCount, nextRegister)
    return nextRegister - count
  }

  /// Releases the registers above this one.
  func release(to register: Int) { nextRegister = register }

  func constant(_ constant: Constant) throws(SyntaxError) -> Int {
    let register = try newRegister()
    emitConstant(constant, into: register)
    return register
  }

  func emitConstant(_ constant: Constant, into register: Int) {
    let place = constantPlaces[constant] ?? code.constants.count
    if place == code.constants.count {
      constantPlaces[constant] = place
      code.constants.append(constant)
    }
    emit(Instruction(.constant, register, wide: place))
  }

  // MARK: Names

  func inScope(_ body: () throws(SyntaxError) -> Void) throws(SyntaxError) {
    let register = nextRegister
    scopes.append([:])
    try body()
    scopes.removeLast()
    release(to: register)
  }

  /// Whether declarations are global: those of the program's main part are visible to all
  /// functions.
  var declaresGlobals: Bool { isMain && scopes.count == 1 }

  func declare(_ name: String, in register: Int) { scopes[scopes.count - 1][name] = register }

  func local(_ name: String) -> Int? {
    for scope in scopes.reversed() {
      if let register = scope[name] { return register }
    }
    return nil
  }

  /// The number of a value of an enclosing function that the closure captures.
  func capture(_ name: String) -> Int? {
    if let known = captures.firstIndex(of: name) { return known }
    guard let parent, parent.local(name) != nil || parent.capture(name) != nil else { return nil }
    captures.append(name)
    return captures.count - 1
  }

  // MARK: Nested functions

  func closure(_ syntax: FunctionSyntax, into target: Int) throws(SyntaxError) {
    closureCount += 1
    var named = syntax
    named.name = "\(code.name).\(closureCount)"
    let inner = FunctionCompiler(named, in: unit, inside: self)
    let index = try unit.add(try inner.compile(), line: syntax.line)
    let first = try newRegister(inner.captures.count)
    for (offset, name) in inner.captures.enumerated() {
      try expression(Expression(kind: .name(name), line: syntax.line), into: first + offset)
    }
    emit(Instruction(.closure, target, index, first))
    release(to: first)
  }
}
