/// How the caller's value of one register is found.
package struct RegisterRule: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    /// As in the frame itself.
    case same
    /// Lost.
    case undefined
    /// Saved at CFA + `value`.
    case savedAtOffset
    /// CFA + `value` is the register's value.
    case isOffset
    /// In the register `value`.
    case inRegister
    /// Saved at the address that the expression at `value` gives.
    case savedAtExpression
    /// The expression at `value` gives the register's value.
    case isExpression
  }

  package var kind: Kind
  /// An offset in bytes, a register, or where in `.eh_frame` an expression's length stands.
  package var value: Int32

  package static let same = RegisterRule(kind: .same, value: 0)
}

/// The rules in force at one address: a row of the table that call frame information stands for.
package struct UnwindRow: Sendable {
  /// How the canonical frame address, the caller's stack pointer as a rule, is found.
  package enum Frame: UInt8, Sendable {
    /// No rule: the row cannot be used.
    case unknown
    /// `frameRegister` + `frameValue`.
    case register
    /// By the expression at `frameValue`.
    case expression
  }

  package var frame = Frame.unknown
  package var frameRegister: UInt8 = 0
  package var returnRegister: UInt8 = UInt8(UnwindRegisters.programCounter)
  /// The frame of a signal handler's trampoline: its caller was interrupted, it did not call.
  package var isSignalFrame = false
  package var frameValue: Int32 = 0
  /// The registers whose rule is not `.same`, a bit each.
  package private(set) var ruled: UInt32 = 0
  private var rules = InlineArray<17, RegisterRule>(repeating: .same)

  package init() {}

  package subscript(register: Int) -> RegisterRule {
    get { rules[register] }
    set {
      rules[register] = newValue
      let bit: UInt32 = 1 << UInt32(register)
      if newValue.kind == .same { ruled &= ~bit } else { ruled |= bit }
    }
  }
}
