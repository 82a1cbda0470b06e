/// The operations of instructions with operands a, b, c, which are registers unless stated
/// otherwise.
enum Opcode: UInt8 {
  case move
  /// a = constant `wide`
  case constant
  // a = b op c
  case add, subtract, multiply, divide, remainder
  case bitAnd, bitOr, bitXor, shiftLeft, shiftRight
  case equal, notEqual, less, lessEqual
  // a = op b
  case negate, not
  /// Jumps to instruction `wide`.
  case jump
  // Jump to instruction `wide` if a is false or true.
  case jumpIfFalse, jumpIfTrue
  /// Function b; arguments are in a, a + 1 …, the result will be in a.
  case call
  /// b arguments in a, a + 1 …, the closure after them; the result will be in a.
  case callValue
  case `return`
  case `throw`
  /// a = closure of function b, with as many captures as it has in c, c + 1 …
  case closure
  /// a = capture b of closure c
  case capture
  /// a = array of c values in b, b + 1 …
  case array
  /// a = b[c]
  case element
  /// a[b] = c
  case setElement
  /// a = record of shape c, its fields in b, b + 1 …
  case record
  /// a = b.field c
  case field
  /// a.field b = c
  case setField
  // Global b.
  case global, setGlobal
  /// Built-in function b of c arguments in a, a + 1 …; the result will be in a.
  case builtin
}

/// Eight bytes, so that machine code can name an instruction by its address.
struct Instruction {
  var opcode: Opcode
  var a: UInt16 = 0
  var b: UInt16 = 0
  var c: UInt16 = 0

  init(_ opcode: Opcode, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0) {
    self.opcode = opcode
    self.a = UInt16(a)
    self.b = UInt16(b)
    self.c = UInt16(c)
  }

  init(_ opcode: Opcode, _ a: Int, wide: Int) {
    self.init(opcode, a, wide & 0xffff, wide >> 16)
  }

  /// A jump's target, a constant's number.
  var wide: Int { Int(b) | Int(c) << 16 }
}
