extension MethodEmitter {
  func emit(_ instruction: Instruction, at place: Int) {
    let (a, b) = (register(instruction.a), register(instruction.b))
    switch instruction.opcode {
    case .move:
      code.load(.rax, b)
      code.store(a, .rax)
    case .constant:
      // Strings among them are old objects, which do not move.
      code.load(.rax, immediate: function.constants[instruction.wide].bits)
      code.store(a, .rax)
    case .jump: code.jump(places + instruction.wide)
    case .jumpIfFalse: branch(a, to: instruction.wide, ifTrue: false)
    case .jumpIfTrue: branch(a, to: instruction.wide, ifTrue: true)
    case .return:
      code.load(.rax, a)
      code.store(register(0), .rax)
      self.return()
    case .call: call(instruction, at: place)
    case .callValue:
      perform(place, as: .callValue)
      restoreTop()
    case .add, .subtract, .multiply, .divide, .remainder: arithmetic(instruction, at: place)
    case .bitAnd, .bitOr, .bitXor: bits(instruction, at: place)
    case .less, .lessEqual, .equal, .notEqual: comparison(instruction, at: place)
    case .element where isOptimizing: element(instruction, at: place)
    case .setElement where isOptimizing: setElement(instruction, at: place)
    case .field where isOptimizing: field(instruction, at: place)
    case .setField where isOptimizing: setField(instruction, at: place)
    default: perform(place)
    }
  }

  private func branch(_ value: Assembler.Memory, to target: Int, ifTrue: Bool) {
    code.load(.rax, value)
    code.calculate(.subtract, .rax, .r14)
    // nil and false are the two lowest constants.
    code.compare(.rax, immediate: 2)
    code.jump(ifTrue ? .aboveOrEqual : .below, places + target)
  }

  private func call(_ instruction: Instruction, at place: Int) {
    let callee = Int(instruction.b)
    code.move(.rdi, .r12)
    code.loadAddress(.rsi, register(instruction.a))
    code.load(.rdx, immediate: UInt64(callee))
    code.call(Assembler.Memory(base: .r13, offset: callee * 8))
    code.testResult()
    code.jump(.notEqual, failure(of: place))
    restoreTop()
  }

  /// Jumps away unless the register holds an integer. Uses rdx.
  private func expectInteger(_ register: NativeRegister, else other: Int) {
    code.move(.rdx, register)
    code.calculate(.subtract, .rdx, .r15)
    code.shiftRight(.rdx, 48)
    code.jump(.notEqual, other)
  }

  /// Loads the integers b into rax and c into rcx; otherwise continues at `other`.
  private func loadIntegers(_ instruction: Instruction, else other: Int) {
    code.load(.rax, register(instruction.b))
    code.load(.rcx, register(instruction.c))
    expectInteger(.rax, else: other)
    expectInteger(.rcx, else: other)
  }

  private func arithmetic(_ instruction: Instruction, at place: Int) {
    let slow = slowPath(place)
    let isDivision = instruction.opcode == .divide || instruction.opcode == .remainder
    let float = isOptimizing && instruction.opcode != .remainder
    loadIntegers(instruction, else: float ? floats(instruction, at: place, else: slow) : slow)
    // In the upper 48 bits, the processor detects overflow.
    code.shiftLeft(.rax, 16)
    code.shiftLeft(.rcx, 16)
    switch instruction.opcode {
    case .add: code.calculate(.add, .rax, .rcx)
    case .subtract: code.calculate(.subtract, .rax, .rcx)
    case .multiply:
      code.shiftRightSigned(.rcx, 16)
      code.multiply(.rax, .rcx)
    default: divide(isRemainder: instruction.opcode == .remainder, else: slow)
    }
    if !isDivision { code.jump(.overflow, slow) }
    code.shiftRight(.rax, 16)
    code.calculate(.or, .rax, .r15)
    code.store(register(instruction.a), .rax)
  }

  /// Divisions by 0 and by -1 are left to the runtime, because both can throw.
  private func divide(isRemainder: Bool, else slow: Int) {
    code.shiftRightSigned(.rcx, 16)
    code.loadAddress(.rdx, Assembler.Memory(base: .rcx, offset: 1))
    code.compare(.rdx, immediate: 2)
    code.jump(.below, slow)
    code.shiftRightSigned(.rax, 16)
    code.divide(by: .rcx)
    if isRemainder { code.move(.rax, .rdx) }
    code.shiftLeft(.rax, 16)
  }

  private func bits(_ instruction: Instruction, at place: Int) {
    loadIntegers(instruction, else: slowPath(place))
    switch instruction.opcode {
    case .bitAnd: code.calculate(.and, .rax, .rcx)
    case .bitOr: code.calculate(.or, .rax, .rcx)
    default:
      code.calculate(.xor, .rax, .rcx)
      code.calculate(.or, .rax, .r15)
    }
    code.store(register(instruction.a), .rax)
  }

  private func comparison(_ instruction: Instruction, at place: Int) {
    let slow = slowPath(place)
    let isOrder = instruction.opcode == .less || instruction.opcode == .lessEqual
    let float = isOptimizing && isOrder
    loadIntegers(instruction, else: float ? floats(instruction, at: place, else: slow) : slow)
    code.shiftLeft(.rax, 16)
    code.shiftLeft(.rcx, 16)
    code.calculate(.compare, .rax, .rcx)
    let condition: Condition =
      switch instruction.opcode {
      case .less: .less
      case .lessEqual: .lessOrEqual
      case .equal: .equal
      default: .notEqual
      }
    store(condition, instruction, at: place)
  }

  /// Stores whether the condition holds, as false or true, which follow nil.
  private func store(_ condition: Condition, _ instruction: Instruction, at place: Int) {
    code.setResult(condition)
    code.calculate(.add, .rax, .r14)
    code.loadAddress(.rax, Assembler.Memory(base: .rax, offset: 1))
    code.store(register(instruction.a), .rax)
    fuse(with: instruction, at: place)
  }

  /// Emits the branch after a comparison, without checking the type of the result.
  private func fuse(with comparison: Instruction, at place: Int) {
    guard isOptimizing, place + 1 < function.codeCount else { return }
    let next = function.code[place + 1]
    guard next.opcode == .jumpIfFalse, next.a == comparison.a else { return }
    code.calculate(.subtract, .rax, .r14)
    code.compare(.rax, immediate: 1)
    code.jump(.equal, places + next.wide)
    code.jump(places + place + 2)
  }

  /// A label at which b in rax and c in rcx are handled as floats.
  private func floats(_ instruction: Instruction, at place: Int, else slow: Int) -> Int {
    let next = places + place + 1
    return outOfLine { [self] in
      code.calculate(.compare, .rax, .r14)
      code.jump(.aboveOrEqual, slow)
      code.calculate(.compare, .rcx, .r14)
      code.jump(.aboveOrEqual, slow)
      code.move(.xmm0, .rax)
      code.move(.xmm1, .rcx)
      switch instruction.opcode {
      case .less, .lessEqual:
        code.compareFloats()
        store(instruction.opcode == .less ? .above : .aboveOrEqual, instruction, at: place)
      case .add: code.calculate(.add)
      case .subtract: code.calculate(.subtract)
      case .multiply: code.calculate(.multiply)
      default: code.calculate(.divide)
      }
      if ![.less, .lessEqual].contains(instruction.opcode) {
        code.move(.rax, .xmm0)
        code.store(register(instruction.a), .rax)
      }
      code.jump(next)
    }
  }
}
