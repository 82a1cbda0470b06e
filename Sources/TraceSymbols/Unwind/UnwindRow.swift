/// The rule for the caller's value of one register.
package struct RegisterRule: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    /// Unchanged.
    case same
    /// The value is lost.
    case undefined
    /// Saved at CFA + `value`.
    case savedAtOffset
    /// CFA + `value` is the register's value.
    case isOffset
    /// The value is in the register `value`.
    case inRegister
    /// Saved at the address computed by the expression at `value`.
    case savedAtExpression
    /// The expression at `value` computes the register's value.
    case isExpression
  }

  package var kind: Kind
  /// An offset in bytes, a register, or the position in `.eh_frame` of an expression's length.
  package var value: Int32

  package static let same = RegisterRule(kind: .same, value: 0)
}

/// The rules in force at one address: a row of the table that call frame information encodes.
package struct UnwindRow: Sendable {
  /// The rule for the canonical frame address, which is usually the caller's stack pointer.
  package enum Frame: UInt8, Sendable {
    /// No rule: the row cannot be used.
    case unknown
    /// `frameRegister` + `frameValue`.
    case register
    /// Computed by the expression at `frameValue`.
    case expression
  }

  package var frame = Frame.unknown
  package var frameRegister: UInt8 = 0
  package var returnRegister: UInt8 = UInt8(UnwindRegisters.programCounter)
  /// The frame of a signal handler's trampoline: its caller was interrupted and did not make a
  /// call.
  package var isSignalFrame = false
  package var frameValue: Int32 = 0
  /// A bit for each register whose rule is not `.same`.
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
