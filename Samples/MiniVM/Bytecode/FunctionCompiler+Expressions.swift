extension FunctionCompiler {
  /// A register that holds the value: a local's own, or a new one.
  func operand(_ value: Expression) throws(SyntaxError) -> Int {
    if case .name(let name) = value.kind, let register = local(name) { return register }
    let register = try newRegister()
    try expression(value, into: register)
    return register
  }

  /// Reads all of its operands before it writes `target`.
  func expression(_ value: Expression, into target: Int) throws(SyntaxError) {
    let outer = line
    line = value.line
    let register = nextRegister
    defer {
      release(to: register)
      line = outer
    }
    switch value.kind {
    case .nothing: emitConstant(.nothing, into: target)
    case .boolean(let value): emitConstant(.boolean(value), into: target)
    case .integer(let value): emitConstant(.integer(value), into: target)
    case .float(let value): emitConstant(.float(value), into: target)
    case .string(let value): emitConstant(.string(value), into: target)
    case .name(let name): try load(name, into: target)
    case .negation(let value): emit(Instruction(.negate, target, try operand(value)))
    case .not(let value): emit(Instruction(.not, target, try operand(value)))
    case .binary(let opcode, let left, let right):
      let (left, right) = (try operand(left), try operand(right))
      emit(Instruction(opcode, target, left, right))
    case .and(let left, let right): try decide(.jumpIfFalse, left, right, into: target)
    case .or(let left, let right): try decide(.jumpIfTrue, left, right, into: target)
    case .call(let callee, let arguments): try call(callee, arguments, into: target)
    case .element(let array, let index):
      let (array, index) = (try operand(array), try operand(index))
      emit(Instruction(.element, target, array, index))
    case .field(let record, let name):
      emit(Instruction(.field, target, try operand(record), unit.field(name)))
    case .array(let elements):
      let first = try window(elements)
      emit(Instruction(.array, target, first, elements.count))
    case .function(let syntax): try closure(syntax, into: target)
    }
  }

  private func load(_ name: String, into target: Int) throws(SyntaxError) {
    if let register = local(name) {
      if register != target { emit(Instruction(.move, target, register)) }
    } else if let capture = capture(name) {
      emit(Instruction(.capture, target, capture, code.parameters.count))
    } else if let global = unit.global(name) {
      emit(Instruction(.global, target, global))
    } else if let function = unit.function(name) {
      emit(Instruction(.closure, target, function))
    } else {
      throw failure("'\(name)' is not declared")
    }
  }

  /// Evaluates the second value only if the first does not decide. Uses a separate register,
  /// because the target may be a local that the second one reads.
  private func decide(
    _ opcode: Opcode, _ left: Expression, _ right: Expression, into target: Int
  ) throws(SyntaxError) {
    let result = try newRegister()
    try expression(left, into: result)
    let end = emitJump(opcode, result)
    try expression(right, into: result)
    land(end)
    emit(Instruction(.move, target, result))
  }

  /// Evaluates values into consecutive registers.
  private func window(_ values: [Expression], extra: Int = 0) throws(SyntaxError) -> Int {
    let first = try newRegister(max(values.count + extra, 1))
    for (offset, value) in values.enumerated() { try expression(value, into: first + offset) }
    return first
  }

  private func call(
    _ callee: Expression, _ arguments: [Expression], into target: Int
  ) throws(SyntaxError) {
    guard case .name(let name) = callee.kind, local(name) == nil, capture(name) == nil,
      unit.global(name) == nil
    else {
      return try callValue(callee, arguments, into: target)
    }
    let first = try window(arguments)
    if let function = unit.function(name) {
      try expect(arguments, unit.code.functions[function].parameters.count, for: name)
      emit(Instruction(.call, first, function))
    } else if let shape = unit.shape(name) {
      try expect(arguments, unit.code.shapes[shape].fields.count, for: name)
      emit(Instruction(.record, first, first, shape))
    } else if let builtin = Builtin(named: name) {
      guard builtin.argumentCounts.contains(arguments.count) else {
        throw failure("'\(name)' does not take \(arguments.count) arguments")
      }
      emit(Instruction(.builtin, first, Int(builtin.rawValue), arguments.count))
    } else {
      throw failure("'\(name)' is not declared")
    }
    emit(Instruction(.move, target, first))
  }

  private func expect(
    _ arguments: [Expression], _ count: Int, for name: String
  ) throws(SyntaxError) {
    guard arguments.count == count else {
      throw failure("'\(name)' takes \(count) arguments, not \(arguments.count)")
    }
  }

  private func callValue(
    _ callee: Expression, _ arguments: [Expression], into target: Int
  ) throws(SyntaxError) {
    // The closure is evaluated first, and is placed after the arguments.
    let first = try newRegister(arguments.count + 1)
    try expression(callee, into: first + arguments.count)
    for (offset, value) in arguments.enumerated() { try expression(value, into: first + offset) }
    emit(Instruction(.callValue, first, arguments.count))
    emit(Instruction(.move, target, first))
  }
}
