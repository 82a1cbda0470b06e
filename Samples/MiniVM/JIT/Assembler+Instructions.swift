// The instructions that the templates need. Operand order is Intel's: the target first.

extension Assembler {
  /// A memory operand: a register and an offset.
  struct Memory {
    var base: NativeRegister
    var offset: Int
  }

  /// Two-operand instructions, by the opcode of their form "memory or register, register".
  enum Arithmetic: UInt8 {
    case add = 0x01, or = 0x09, and = 0x21, subtract = 0x29, xor = 0x31, compare = 0x39
  }

  enum FloatArithmetic: UInt8 { case add = 0x58, multiply = 0x59, subtract = 0x5c, divide = 0x5e }

  /// 64 bits, and the upper halves of register numbers.
  private func wide(_ register: UInt8, _ base: UInt8) {
    emit(0x48 | (register >> 3) << 2 | base >> 3)
  }

  private func operands(_ register: UInt8, _ base: UInt8) {
    emit(0xc0 | (register & 7) << 3 | base & 7)
  }

  private func operands(_ register: UInt8, _ memory: Memory) {
    let base = memory.base.rawValue & 7
    let isShort = Int8(exactly: memory.offset) != nil
    emit((isShort ? 0x40 : 0x80) | (register & 7) << 3 | base)
    // rsp and r12 denote a following SIB byte here.
    if base == 4 { emit(0x24) }
    if isShort {
      emit(UInt8(bitPattern: Int8(memory.offset)))
    } else {
      emit32(UInt32(bitPattern: Int32(memory.offset)))
    }
  }

  func push(_ register: NativeRegister) {
    if register.rawValue >= 8 { emit(0x41) }
    emit(0x50 | register.rawValue & 7)
  }

  func pop(_ register: NativeRegister) {
    if register.rawValue >= 8 { emit(0x41) }
    emit(0x58 | register.rawValue & 7)
  }

  func move(_ target: NativeRegister, _ source: NativeRegister) {
    wide(source.rawValue, target.rawValue)
    emit(0x89)
    operands(source.rawValue, target.rawValue)
  }

  func load(_ target: NativeRegister, _ memory: Memory) {
    wide(target.rawValue, memory.base.rawValue)
    emit(0x8b)
    operands(target.rawValue, memory)
  }

  func store(_ memory: Memory, _ source: NativeRegister) {
    wide(source.rawValue, memory.base.rawValue)
    emit(0x89)
    operands(source.rawValue, memory)
  }

  func loadAddress(_ target: NativeRegister, _ memory: Memory) {
    wide(target.rawValue, memory.base.rawValue)
    emit(0x8d)
    operands(target.rawValue, memory)
  }

  func load(_ target: NativeRegister, immediate: UInt64) {
    if immediate <= UInt32.max {
      if target.rawValue >= 8 { emit(0x41) }
      emit(0xb8 | target.rawValue & 7)
      emit32(UInt32(immediate))
    } else {
      wide(0, target.rawValue)
      emit(0xb8 | target.rawValue & 7)
      emit64(immediate)
    }
  }

  /// 0 or a small positive number, as 64 bits.
  func store(_ memory: Memory, immediate: UInt32) {
    wide(0, memory.base.rawValue)
    emit(0xc7)
    operands(0, memory)
    emit32(immediate)
  }

  func calculate(_ operation: Arithmetic, _ target: NativeRegister, _ source: NativeRegister) {
    wide(source.rawValue, target.rawValue)
    emit(operation.rawValue)
    operands(source.rawValue, target.rawValue)
  }

  func compare(_ register: NativeRegister, _ memory: Memory) {
    wide(register.rawValue, memory.base.rawValue)
    emit(0x3b)
    operands(register.rawValue, memory)
  }

  func compare(_ memory: Memory, immediate: Int8) {
    wide(0, memory.base.rawValue)
    emit(0x83)
    operands(7, memory)
    emit(UInt8(bitPattern: immediate))
  }

  func compare(_ register: NativeRegister, immediate: Int32) {
    wide(0, register.rawValue)
    emit(0x81)
    operands(7, register.rawValue)
    emit32(UInt32(bitPattern: immediate))
  }

  func shiftLeft(_ register: NativeRegister, _ bits: UInt8) { shift(4, register, bits) }
  func shiftRight(_ register: NativeRegister, _ bits: UInt8) { shift(5, register, bits) }
  func shiftRightSigned(_ register: NativeRegister, _ bits: UInt8) { shift(7, register, bits) }

  private func shift(_ kind: UInt8, _ register: NativeRegister, _ bits: UInt8) {
    wide(0, register.rawValue)
    emit(0xc1)
    operands(kind, register.rawValue)
    emit(bits)
  }

  func multiply(_ target: NativeRegister, _ source: NativeRegister) {
    wide(target.rawValue, source.rawValue)
    emit(0x0f, 0xaf)
    operands(target.rawValue, source.rawValue)
  }

  /// rax = rax / divisor, rdx = the remainder.
  func divide(by divisor: NativeRegister) {
    emit(0x48, 0x99)
    wide(0, divisor.rawValue)
    emit(0xf7)
    operands(7, divisor.rawValue)
  }

  func incrementCounter(at register: NativeRegister) { emit(0xff, 0x00 | register.rawValue) }
  func decrementCounter(at register: NativeRegister) { emit(0xff, 0x08 | register.rawValue) }

  /// The lower 32 bits of an eight-byte word, or its bytes 2 and 3, or byte 0, without sign.
  func load32(_ target: NativeRegister, _ memory: Memory) {
    emit(0x8b)
    operands(target.rawValue, memory)
  }
  func load16(_ target: NativeRegister, _ memory: Memory) {
    emit(0x0f, 0xb7)
    operands(target.rawValue, memory)
  }
  func load8(_ target: NativeRegister, _ memory: Memory) {
    emit(0x0f, 0xb6)
    operands(target.rawValue, memory)
  }

  /// [base + index * scale + offset], the scale as a power of two.
  private func indexed(
    _ register: UInt8, _ base: NativeRegister, _ index: NativeRegister, scale: UInt8, offset: Int8
  ) {
    emit(0x44 | (register & 7) << 3, scale << 6 | (index.rawValue & 7) << 3 | base.rawValue & 7)
    emit(UInt8(bitPattern: offset))
  }

  func loadElement(
    _ target: NativeRegister, _ base: NativeRegister, _ index: NativeRegister, offset: Int8
  ) {
    emit(0x48, 0x8b)
    indexed(target.rawValue, base, index, scale: 3, offset: offset)
  }
  func storeElement(
    _ base: NativeRegister, _ index: NativeRegister, offset: Int8, _ source: NativeRegister
  ) {
    emit(0x48, 0x89)
    indexed(source.rawValue, base, index, scale: 3, offset: offset)
  }
  func loadByte(_ target: NativeRegister, _ base: NativeRegister, _ index: NativeRegister) {
    emit(0x0f, 0xb6)
    indexed(target.rawValue, base, index, scale: 0, offset: 0)
  }

  // MARK: Jumps

  func jump(_ label: Int) {
    emit(0xe9)
    emitDistance(to: label)
  }

  func jump(_ condition: Condition, _ label: Int) {
    emit(0x0f, 0x80 | condition.rawValue)
    emitDistance(to: label)
  }

  func call(_ memory: Memory) {
    if memory.base.rawValue >= 8 { emit(0x41) }
    emit(0xff)
    operands(2, memory)
  }

  /// rax = 1 if the condition holds, else 0.
  func setResult(_ condition: Condition) {
    emit(0x0f, 0x90 | condition.rawValue)
    emit(0xc0)
    emit(0x0f, 0xb6)
    emit(0xc0)
  }

  func callResult() { emit(0xff, 0xd0) }

  /// Whether eax is 0.
  func testResult() { emit(0x85, 0xc0) }

  func `return`() { emit(0xc3) }

  // MARK: Floats

  func move(_ target: FloatRegister, _ source: NativeRegister) {
    emit(0x66)
    wide(target.rawValue, source.rawValue)
    emit(0x0f, 0x6e)
    operands(target.rawValue, source.rawValue)
  }

  func move(_ target: NativeRegister, _ source: FloatRegister) {
    emit(0x66)
    wide(source.rawValue, target.rawValue)
    emit(0x0f, 0x7e)
    operands(source.rawValue, target.rawValue)
  }

  /// xmm0 = xmm0 op xmm1
  func calculate(_ operation: FloatArithmetic) {
    emit(0xf2, 0x0f)
    emit(operation.rawValue, 0xc1)
  }

  /// Compares xmm1 with xmm0: "above" is also false if one is NaN.
  func compareFloats() {
    emit(0x66, 0x0f)
    emit(0x2e, 0xc8)
  }
}
