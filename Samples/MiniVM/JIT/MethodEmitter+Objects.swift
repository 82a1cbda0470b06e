extension MethodEmitter {
  /// Converts a value in `register` to the address of its object; jumps away unless it is an object
  /// of that kind. Uses rdx.
  private func expectObject(_ register: NativeRegister, _ kind: Object.Kind, else slow: Int) {
    code.move(.rdx, register)
    code.calculate(.subtract, .rdx, .r15)
    code.shiftRight(.rdx, 48)
    // The tag of references is the next one.
    code.compare(.rdx, immediate: 1)
    code.jump(.notEqual, slow)
    address(register)
    code.load8(.rdx, Assembler.Memory(base: register, offset: 0))
    code.compare(.rdx, immediate: Int32(kind.rawValue))
    code.jump(.notEqual, slow)
  }

  private func address(_ register: NativeRegister) {
    code.shiftLeft(register, 16)
    code.shiftRight(register, 16)
  }

  /// rdi = the storage of the array, rcx = the index, which is within it.
  private func locate(array: UInt16, index: UInt16, else slow: Int) {
    code.load(.rdi, register(array))
    code.load(.rcx, register(index))
    expectObject(.rdi, .array, else: slow)
    code.move(.rdx, .rcx)
    code.calculate(.subtract, .rdx, .r15)
    code.shiftRight(.rdx, 48)
    code.jump(.notEqual, slow)
    code.shiftLeft(.rcx, 16)
    code.shiftRightSigned(.rcx, 16)
    code.load32(.rdx, Assembler.Memory(base: .rdi, offset: 4))
    code.calculate(.compare, .rcx, .rdx)
    code.jump(.aboveOrEqual, slow)
    code.load(.rdi, Assembler.Memory(base: .rdi, offset: 8))
    address(.rdi)
  }

  func element(_ instruction: Instruction, at place: Int) {
    locate(array: instruction.b, index: instruction.c, else: slowPath(place))
    code.loadElement(.rax, .rdi, .rcx, offset: 8)
    code.store(register(instruction.a), .rax)
  }

  func setElement(_ instruction: Instruction, at place: Int) {
    let slow = slowPath(place)
    locate(array: instruction.a, index: instruction.b, else: slow)
    code.load(.rax, register(instruction.c))
    leaveBarrier(slow)
    code.storeElement(.rdi, .rcx, offset: 8, .rax)
  }

  /// Leaves stores of references into old objects to the runtime: rax into the object in rdi.
  private func leaveBarrier(_ slow: Int) {
    let isFine = code.newLabel()
    code.move(.rdx, .rax)
    code.calculate(.subtract, .rdx, .r15)
    code.shiftRight(.rdx, 48)
    code.compare(.rdx, immediate: 1)
    code.jump(.notEqual, isFine)
    code.load8(.rdx, Assembler.Memory(base: .rdi, offset: 1))
    code.compare(.rdx, immediate: 0)
    code.jump(.notEqual, slow)
    code.place(isFine)
  }

  /// rdi = the record, rcx = the field's position in it.
  private func locate(record: UInt16, field: UInt16, else slow: Int) {
    code.load(.rdi, register(record))
    expectObject(.rdi, .record, else: slow)
    code.load16(.rcx, Assembler.Memory(base: .rdi, offset: 2))
    let table = machine.fieldTables[Int(field)]
    code.load(.rdx, immediate: UInt64(UInt(bitPattern: table)))
    code.loadByte(.rcx, .rdx, .rcx)
    code.compare(.rcx, immediate: Int32(Machine.noField))
    code.jump(.equal, slow)
  }

  func field(_ instruction: Instruction, at place: Int) {
    locate(record: instruction.b, field: instruction.c, else: slowPath(place))
    code.loadElement(.rax, .rdi, .rcx, offset: 8)
    code.store(register(instruction.a), .rax)
  }

  func setField(_ instruction: Instruction, at place: Int) {
    let slow = slowPath(place)
    locate(record: instruction.a, field: instruction.b, else: slow)
    code.load(.rax, register(instruction.c))
    leaveBarrier(slow)
    code.storeElement(.rdi, .rcx, offset: 8, .rax)
  }
}
