/// Evaluates the expressions in call frame information: a stack machine, bounded in depth and
/// steps.
struct FrameExpression {
  static let depthLimit = 64
  /// Branches may go backwards: an expression that takes more steps than this fails.
  static let stepLimit = 1000

  private let registers: UnwindRegisters
  private let stack: StackCopy
  private var values = InlineArray<64, UInt64>(repeating: 0)
  private var depth = 0

  private init(_ registers: UnwindRegisters, _ stack: StackCopy) {
    self.registers = registers
    self.stack = stack
  }

  /// The value of the expression whose length is at `place` in a section.
  ///
  /// - Parameter frame: the canonical frame address, the initial stack value in rules for
  ///   registers.
  static func value(
    at place: Int32, in section: FrameCursor, registers: UnwindRegisters, stack: StackCopy,
    frame: UInt64?
  ) throws(FrameError) -> UInt64 {
    var cursor = FrameCursor(section.bytes, address: section.address, at: Int(place))
    let body = try cursor.slice(try cursor.unsigned())
    var machine = FrameExpression(registers, stack)
    if let frame { try machine.push(frame) }
    try machine.run(body)
    return try machine.pop()
  }

  private mutating func push(_ value: UInt64) throws(FrameError) {
    guard depth < Self.depthLimit else { throw .expression }
    values[depth] = value
    depth += 1
  }

  private mutating func pop() throws(FrameError) -> UInt64 {
    guard depth > 0 else { throw .expression }
    depth -= 1
    return values[depth]
  }

  private func pick(_ index: Int) throws(FrameError) -> UInt64 {
    guard index < depth else { throw .expression }
    return values[depth - 1 - index]
  }

  private mutating func run(_ body: FrameCursor) throws(FrameError) {
    var code = body
    var steps = 0
    while !code.isAtEnd {
      steps += 1
      guard steps <= Self.stepLimit else { throw .expression }
      let operation = try code.byte()
      switch operation {
      case 0x28, 0x2f: try branch(operation, &code, start: body.offset)
      case 0x30...0x4f: try push(UInt64(operation - 0x30))
      case 0x70...0x8f:
        let base = try registers.value(Int(operation - 0x70))
        try push(base &+ UInt64(bitPattern: try code.signed()))
      case 0x92:
        let register = try code.unsigned()
        let base = try registers.value(Int(min(register, 1 << 16)))
        try push(base &+ UInt64(bitPattern: try code.signed()))
      case 0x03, 0x08...0x11: try constant(operation, &code)
      case 0x12...0x17: try shuffle(operation, &code)
      case 0x06: try push(try stack.word(at: try pop()))
      case 0x94: try push(try stack.value(at: try pop(), size: try code.byte()))
      case 0x19, 0x1f, 0x20, 0x23: try unary(operation, &code)
      case 0x1a...0x2e: try binary(operation)
      case 0x96: break
      default: throw .expression
      }
    }
  }

  private mutating func branch(
    _ operation: UInt8, _ code: inout FrameCursor, start: Int
  ) throws(FrameError) {
    let distance = Int(try code.read(Int16.self))
    if operation == 0x28, try pop() == 0 { return }
    try code.jump(distance, from: start)
  }

  private mutating func constant(
    _ operation: UInt8, _ code: inout FrameCursor
  ) throws(FrameError) {
    switch operation {
    case 0x08: try push(UInt64(try code.byte()))
    case 0x09: try push(UInt64(bitPattern: Int64(try code.read(Int8.self))))
    case 0x0a: try push(UInt64(try code.read(UInt16.self)))
    case 0x0b: try push(UInt64(bitPattern: Int64(try code.read(Int16.self))))
    case 0x0c: try push(UInt64(try code.read(UInt32.self)))
    case 0x0d: try push(UInt64(bitPattern: Int64(try code.read(Int32.self))))
    case 0x0e, 0x0f: try push(try code.read(UInt64.self))
    case 0x10: try push(try code.unsigned())
    case 0x11: try push(UInt64(bitPattern: try code.signed()))
    // A link-time address; the load address is not known here.
    default: throw .expression
    }
  }

  private mutating func shuffle(
    _ operation: UInt8, _ code: inout FrameCursor
  ) throws(FrameError) {
    switch operation {
    case 0x12: try push(try pick(0))
    case 0x13: _ = try pop()
    case 0x14: try push(try pick(1))
    case 0x15: try push(try pick(Int(try code.byte())))
    case 0x16:
      let (top, below) = (try pop(), try pop())
      try push(top)
      try push(below)
    default:
      let (top, second, third) = (try pop(), try pop(), try pop())
      try push(top)
      try push(third)
      try push(second)
    }
  }

  private mutating func unary(
    _ operation: UInt8, _ code: inout FrameCursor
  ) throws(FrameError) {
    let value = try pop()
    switch operation {
    case 0x19: try push(Int64(bitPattern: value).magnitude)
    case 0x1f: try push(0 &- value)
    case 0x20: try push(~value)
    default: try push(value &+ (try code.unsigned()))
    }
  }

  private mutating func binary(_ operation: UInt8) throws(FrameError) {
    let right = try pop()
    let left = try pop()
    let (signedLeft, signedRight) = (Int64(bitPattern: left), Int64(bitPattern: right))
    switch operation {
    case 0x1a: try push(left & right)
    case 0x1b:
      guard right != 0 else { throw .expression }
      try push(UInt64(bitPattern: signedLeft.dividedReportingOverflow(by: signedRight).0))
    case 0x1c: try push(left &- right)
    case 0x1d:
      guard right != 0 else { throw .expression }
      try push(left % right)
    case 0x1e: try push(left &* right)
    case 0x21: try push(left | right)
    case 0x22: try push(left &+ right)
    case 0x24: try push(left << right)
    case 0x25: try push(left >> right)
    case 0x26: try push(UInt64(bitPattern: signedLeft >> Int64(clamping: right)))
    case 0x27: try push(left ^ right)
    case 0x29: try push(left == right ? 1 : 0)
    case 0x2a: try push(signedLeft >= signedRight ? 1 : 0)
    case 0x2b: try push(signedLeft > signedRight ? 1 : 0)
    case 0x2c: try push(signedLeft <= signedRight ? 1 : 0)
    case 0x2d: try push(signedLeft < signedRight ? 1 : 0)
    case 0x2e: try push(left == right ? 0 : 1)
    default: throw .expression
    }
  }
}
