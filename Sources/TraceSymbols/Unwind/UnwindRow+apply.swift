/// The source of a row's expressions, used only if it has any.
struct ExpressionSource {
  let images: UnwindImages
  let image: UnwindImages.ID

  func value(
    _ place: Int32, _ registers: UnwindRegisters, _ stack: StackCopy, frame: UInt64?
  ) throws(FrameError) -> UInt64 {
    guard let table = images.table(of: image) else { throw .outOfBounds }
    return try table.withFrames { section throws(FrameError) -> UInt64 in
      try FrameExpression.value(
        at: place, in: section, registers: registers, stack: stack, frame: frame)
    }
  }
}

extension UnwindImages {
  func expressions(of image: ID) -> ExpressionSource {
    ExpressionSource(images: self, image: image)
  }
}

extension UnwindRow {
  /// Converts a frame's registers to its caller's; returns the canonical frame address.
  ///
  /// Registers whose value is lost become unknown, including the program counter of the outermost
  /// function.
  func apply(
    to registers: inout UnwindRegisters, _ stack: StackCopy, _ expressions: ExpressionSource
  ) throws(FrameError) -> UInt64 {
    let canonical: UInt64
    switch frame {
    case .unknown: throw .instruction
    case .register:
      let base = try registers.value(Int(frameRegister))
      canonical = base &+ UInt64(bitPattern: Int64(frameValue))
    case .expression:
      canonical = try expressions.value(frameValue, registers, stack, frame: nil)
    }
    var caller = registers
    // By definition, unless a rule differs.
    caller[UnwindRegisters.stackPointer] = canonical
    var left = ruled
    while left != 0 {
      let register = left.trailingZeroBitCount
      left &= left - 1
      let rule = self[register]
      let place = canonical &+ UInt64(bitPattern: Int64(rule.value))
      switch rule.kind {
      case .same: break
      case .undefined: caller.forget(register)
      case .savedAtOffset:
        // Compilers do not describe every pop: a slot below the stack pointer was already popped.
        if place < registers.stackPointer, register != Int(returnRegister) { break }
        caller[register] = try stack.word(at: place)
      case .isOffset: caller[register] = place
      case .inRegister: caller[register] = try registers.value(Int(rule.value))
      case .savedAtExpression:
        let address = try expressions.value(rule.value, registers, stack, frame: canonical)
        caller[register] = try stack.word(at: address)
      case .isExpression:
        caller[register] = try expressions.value(rule.value, registers, stack, frame: canonical)
      }
    }
    let column = Int(returnRegister)
    if self[column].kind == .same || self[column].kind == .undefined {
      caller.forget(UnwindRegisters.programCounter)
    } else if column != UnwindRegisters.programCounter {
      caller.programCounter = try caller.value(column)
    }
    registers = caller
    return canonical
  }
}
