extension Machine {
  /// Executes any instruction except constants, jumps, calls and returns; false if it throws.
  ///
  /// Machine code calls this for all cases that it does not handle itself, so each instruction's
  /// semantics are defined in one place.
  func perform(_ instruction: Instruction, _ registers: Registers) -> Bool {
    let (a, b, c) = (Int(instruction.a), Int(instruction.b), Int(instruction.c))
    switch instruction.opcode {
    case .move: registers[a] = registers[b]
    case .add, .subtract, .multiply, .divide, .remainder:
      return arithmetic(instruction.opcode, registers[b], registers[c], into: registers + a)
    case .bitAnd, .bitOr, .bitXor, .shiftLeft, .shiftRight:
      return bits(instruction.opcode, registers[b], registers[c], into: registers + a)
    case .equal: registers[a] = Value(isEqual(registers[b], registers[c]))
    case .notEqual: registers[a] = Value(!isEqual(registers[b], registers[c]))
    case .less, .lessEqual:
      return compare(instruction.opcode, registers[b], registers[c], into: registers + a)
    case .negate:
      return arithmetic(.subtract, Value(integer: 0), registers[b], into: registers + a)
    case .not: registers[a] = Value(!registers[b].isTrue)
    case .throw: return raise(registers[a])
    case .closure: makeClosure(function: b, captures: registers + c, into: registers + a)
    case .array: makeArray(registers + b, count: c, into: registers + a)
    case .element: return element(registers[b], at: registers[c], into: registers + a)
    case .setElement: return setElement(registers[a], at: registers[b], registers[c])
    case .record: makeRecord(shape: c, fields: registers + b, into: registers + a)
    case .field: return field(registers[b], name: c, into: registers + a)
    case .setField: return setField(registers[a], name: b, registers[c])
    case .global: registers[a] = globals[b]
    case .setGlobal: globals[b] = registers[a]
    case .capture:
      registers[a] = registers[c].object.values[b]
    case .builtin:
      return Builtin(rawValue: instruction.b)!.call(self, registers + a, count: c)
    case .constant, .jump, .jumpIfFalse, .jumpIfTrue, .call, .callValue, .return:
      preconditionFailure("\(instruction.opcode) is the interpreter's own")
    }
    return true
  }
}
