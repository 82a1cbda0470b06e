/// Runs call frame instructions up to an address, and yields the rules in force there.
///
/// Instructions do not loop, so a run takes at most as many steps as there are bytes; at most
/// `byteLimit` bytes are read.
struct FrameProgram {
  /// The maximum number of bytes read of a program.
  static let byteLimit = 1 << 18
  static let stateLimit = 32

  private(set) var row = UnwindRow()
  private var initial = UnwindRow()
  private var remembered: [UnwindRow] = []
  private let common: CommonEntry

  init(_ entry: FunctionEntry, at target: UInt64) throws(FrameError) {
    common = entry.common
    row.isSignalFrame = common.isSignalFrame
    row.returnRegister = common.returnRegister
    // The common entry's instructions do not contain addresses.
    var location = entry.start
    try run(common.instructions, from: &location, to: .max)
    initial = row
    location = entry.start
    try run(entry.instructions, from: &location, to: target)
  }

  private mutating func run(
    _ program: FrameCursor, from location: inout UInt64, to target: UInt64
  ) throws(FrameError) {
    var program = program
    guard program.remaining <= Self.byteLimit else { throw .instruction }
    while !program.isAtEnd {
      let code = try program.byte()
      let operand = Int(code & 0x3f)
      switch code >> 6 {
      case 1: location &+= UInt64(operand) &* common.codeAlignment
      case 2: set(operand, .savedAtOffset, try factored(try program.unsigned()))
      case 3: restore(operand)
      default: try extended(code, &program, &location)
      }
      if location > target { return }
    }
  }

  /// Runs an instruction whose opcode takes the whole byte.
  private mutating func extended(
    _ code: UInt8, _ program: inout FrameCursor, _ location: inout UInt64
  ) throws(FrameError) {
    switch code {
    case 0x00: break
    case 0x01: location = try program.pointer(common.pointers)
    case 0x02: location &+= UInt64(try program.byte()) &* common.codeAlignment
    case 0x03: location &+= UInt64(try program.read(UInt16.self)) &* common.codeAlignment
    case 0x04: location &+= UInt64(try program.read(UInt32.self)) &* common.codeAlignment
    case 0x0a:
      guard remembered.count < Self.stateLimit else { throw .instruction }
      remembered.append(row)
    case 0x0b:
      guard let last = remembered.popLast() else { throw .instruction }
      row = last
    case 0x0c...0x0f, 0x12, 0x13: try frameRule(code, &program)
    // The size of pushed arguments is needed only for exceptions.
    case 0x2e: _ = try program.unsigned()
    default: try registerRule(code, &program)
    }
  }

  /// Runs an instruction that changes the rule for the canonical frame address.
  private mutating func frameRule(
    _ code: UInt8, _ program: inout FrameCursor
  ) throws(FrameError) {
    switch code {
    case 0x0c, 0x12, 0x0d:
      let register = try program.unsigned()
      guard register < UnwindRegisters.count else { throw .register }
      // Only the register changes, which requires a rule with a register.
      if code == 0x0d, row.frame != .register { throw .instruction }
      row.frame = .register
      row.frameRegister = UInt8(register)
      if code == 0x0c { row.frameValue = try narrow(try program.unsigned()) }
      if code == 0x12 { row.frameValue = try factored(try program.signed()) }
    case 0x0e, 0x13:
      guard row.frame == .register else { throw .instruction }
      row.frameValue =
        code == 0x0e ? try narrow(try program.unsigned()) : try factored(try program.signed())
    default:
      row.frame = .expression
      row.frameValue = try expression(&program)
    }
  }

  /// Runs an instruction on one register, which is its first operand.
  private mutating func registerRule(
    _ code: UInt8, _ program: inout FrameCursor
  ) throws(FrameError) {
    let register = Int(truncatingIfNeeded: min(try program.unsigned(), 1 << 20))
    switch code {
    case 0x05: set(register, .savedAtOffset, try factored(try program.unsigned()))
    case 0x06: restore(register)
    case 0x07: set(register, .undefined, 0)
    case 0x08: set(register, .same, 0)
    case 0x09: set(register, .inRegister, try narrow(try program.unsigned()))
    case 0x10: set(register, .savedAtExpression, try expression(&program))
    case 0x11: set(register, .savedAtOffset, try factored(try program.signed()))
    case 0x14: set(register, .isOffset, try factored(try program.unsigned()))
    case 0x15: set(register, .isOffset, try factored(try program.signed()))
    case 0x16: set(register, .isExpression, try expression(&program))
    case 0x2f: set(register, .savedAtOffset, try factored(-Int64(try narrow(program.unsigned()))))
    default: throw .instruction
    }
  }

  /// Vector registers and flags have numbers, too; frames are not found by them.
  private mutating func set(_ register: Int, _ kind: RegisterRule.Kind, _ value: Int32) {
    guard register < UnwindRegisters.count else { return }
    row[register] = RegisterRule(kind: kind, value: value)
  }

  private mutating func restore(_ register: Int) {
    guard register < UnwindRegisters.count else { return }
    row[register] = initial[register]
  }

  /// The position of the next expression, which is skipped.
  private func expression(_ program: inout FrameCursor) throws(FrameError) -> Int32 {
    guard let place = Int32(exactly: program.offset) else { throw .outOfBounds }
    try program.skip(try program.unsigned())
    return place
  }

  private func narrow(_ value: UInt64) throws(FrameError) -> Int32 {
    guard let value = Int32(exactly: value) else { throw .encoding }
    return value
  }

  private func factored(_ value: UInt64) throws(FrameError) -> Int32 {
    try factored(Int64(try narrow(value)))
  }

  private func factored(_ value: Int64) throws(FrameError) -> Int32 {
    let (product, overflow) = value.multipliedReportingOverflow(by: common.dataAlignment)
    guard !overflow, let value = Int32(exactly: product) else { throw .encoding }
    return value
  }
}
