extension FunctionCompiler {
  func statements(_ statements: [Statement]) throws(SyntaxError) {
    for statement in statements {
      line = statement.line
      try self.statement(statement)
    }
  }

  private func block(_ statements: [Statement]) throws(SyntaxError) {
    try inScope { () throws(SyntaxError) in try self.statements(statements) }
  }

  private func statement(_ statement: Statement) throws(SyntaxError) {
    if case .declare(let name, let value) = statement.kind {
      return try declare(name, value)
    }
    let register = nextRegister
    defer { release(to: register) }
    switch statement.kind {
    case .declare: break
    case .assign(let target, let value): try assign(target, value)
    case .evaluate(let value): _ = try operand(value)
    case .condition(let test, let then, let otherwise): try condition(test, then, otherwise)
    case .loop(let test, let body): try loop(test, body)
    case .count(let name, let first, let limit, let body): try count(name, first, limit, body)
    case .break: try leaveLoop { $0.breaks.append($1) }
    case .continue: try leaveLoop { $0.continues.append($1) }
    case .return(let value):
      let held = if let value { try operand(value) } else { try constant(.nothing) }
      emit(Instruction(.return, held))
    case .throw(let value): emit(Instruction(.throw, try operand(value)))
    case .try(let body, let name, let handler): try protected(body, name, handler)
    }
  }

  private func declare(_ name: String, _ value: Expression) throws(SyntaxError) {
    guard declaresGlobals else {
      let register = try newRegister()
      try expression(value, into: register)
      declare(name, in: register)
      return
    }
    let register = nextRegister
    let held = try operand(value)
    emit(Instruction(.setGlobal, held, unit.declareGlobal(name)))
    release(to: register)
  }

  private func assign(_ target: Expression, _ value: Expression) throws(SyntaxError) {
    switch target.kind {
    case .name(let name):
      if let register = local(name) { return try expression(value, into: register) }
      if capture(name) != nil { throw failure("'\(name)' is captured: it cannot be assigned to") }
      guard let global = unit.global(name) else { throw failure("'\(name)' is not declared") }
      emit(Instruction(.setGlobal, try operand(value), global))
    case .element(let array, let index):
      let (array, index) = (try operand(array), try operand(index))
      emit(Instruction(.setElement, array, index, try operand(value)))
    case .field(let record, let name):
      let record = try operand(record)
      emit(Instruction(.setField, record, unit.field(name), try operand(value)))
    default: throw failure("only names, elements and fields can be assigned to")
    }
  }

  private func condition(
    _ test: Expression, _ then: [Statement], _ otherwise: [Statement]
  ) throws(SyntaxError) {
    let skip = try emitJump(.jumpIfFalse, freed(test))
    try block(then)
    guard !otherwise.isEmpty else { return land(skip) }
    let end = emitJump(.jump)
    land(skip)
    try block(otherwise)
    land(end)
  }

  /// The register of a value that is needed only by the next instruction.
  private func freed(_ value: Expression) throws(SyntaxError) -> Int {
    let register = nextRegister
    defer { release(to: register) }
    return try operand(value)
  }

  private func loop(_ test: Expression, _ body: [Statement]) throws(SyntaxError) {
    let start = here
    let exit = try emitJump(.jumpIfFalse, freed(test))
    loops.append(([], []))
    try block(body)
    endLoop(next: start) { self.emit(Instruction(.jump, 0, wide: start)) }
    land(exit)
  }

  private func count(
    _ name: String, _ first: Expression, _ limit: Expression, _ body: [Statement]
  ) throws(SyntaxError) {
    try inScope { () throws(SyntaxError) in
      let counter = try newRegister(4)
      try expression(first, into: counter)
      try expression(limit, into: counter + 1)
      emitConstant(.integer(1), into: counter + 2)
      declare(name, in: counter)
      let start = here
      emit(Instruction(.less, counter + 3, counter, counter + 1))
      let exit = emitJump(.jumpIfFalse, counter + 3)
      loops.append(([], []))
      try block(body)
      let next = here
      endLoop(next: next) {
        self.emit(Instruction(.add, counter, counter, counter + 2))
        self.emit(Instruction(.jump, 0, wide: start))
      }
      land(exit)
    }
  }

  private func endLoop(next: Int, _ step: () -> Void) {
    step()
    let loop = loops.removeLast()
    for jump in loop.continues { land(jump, at: next) }
    for jump in loop.breaks { land(jump) }
  }

  private func leaveLoop(
    _ note: (inout (breaks: [Int], continues: [Int]), Int) -> Void
  ) throws(SyntaxError) {
    guard !loops.isEmpty else { throw failure("there is no loop around this") }
    note(&loops[loops.count - 1], emitJump(.jump))
  }

  private func protected(
    _ body: [Statement], _ name: String, _ handler: [Statement]
  ) throws(SyntaxError) {
    let start = here
    try block(body)
    let covered = start..<here
    let end = emitJump(.jump)
    try inScope { () throws(SyntaxError) in
      let register = try newRegister()
      declare(name, in: register)
      code.handlers.append(
        ExceptionHandler(range: covered, target: here, register: register))
      try block(handler)
    }
    land(end)
  }
}
