extension Machine {
  func arithmetic(
    _ opcode: Opcode, _ left: Value, _ right: Value, into target: Registers
  ) -> Bool {
    if left.isInteger, right.isInteger {
      guard let result = integers(opcode, left.integer, right.integer) else { return false }
      target.pointee = result
      return true
    }
    if let left = left.number, let right = right.number {
      target.pointee = Value(Self.floats(opcode, left, right))
      return true
    }
    if opcode == .add, left.isString, right.isString {
      target.pointee = newString(Array(left.object.bytes) + Array(right.object.bytes))
      return true
    }
    return raise("\(typeName(of: left)) and \(typeName(of: right)) cannot be calculated with")
  }

  /// Returns nil if an exception was raised.
  private func integers(_ opcode: Opcode, _ left: Int, _ right: Int) -> Value? {
    let result: Int
    switch opcode {
    case .add: result = left + right
    case .subtract: result = left - right
    case .multiply:
      let product = left.multipliedReportingOverflow(by: right)
      result = product.overflow ? .max : product.partialValue
    default:
      guard right != 0 else {
        _ = raise("division by zero")
        return nil
      }
      result = opcode == .divide ? left / right : left % right
    }
    if let value = Value(exactly: result) { return value }
    _ = raise("integer overflow")
    return nil
  }

  private static func floats(_ opcode: Opcode, _ left: Double, _ right: Double) -> Double {
    switch opcode {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: left / right
    default: left.truncatingRemainder(dividingBy: right)
    }
  }

  func bits(_ opcode: Opcode, _ left: Value, _ right: Value, into target: Registers) -> Bool {
    guard left.isInteger, right.isInteger else {
      return raise("\(typeName(of: left)) and \(typeName(of: right)) have no bits")
    }
    let (left, right) = (left.integer, right.integer)
    let result: Int
    switch opcode {
    case .bitAnd: result = left & right
    case .bitOr: result = left | right
    case .bitXor: result = left ^ right
    default:
      guard (0..<48).contains(right) else { return raise("a shift by \(right)") }
      let shifted = left << right
      result =
        opcode == .shiftRight ? left >> right : shifted >> right == left ? shifted : .max
    }
    guard let value = Value(exactly: result) else { return raise("integer overflow") }
    target.pointee = value
    return true
  }

  func isEqual(_ left: Value, _ right: Value) -> Bool {
    if left.isInteger, right.isInteger { return left == right }
    if let left = left.number, let right = right.number { return left == right }
    if left.isString, right.isString {
      return left.object.bytes.elementsEqual(right.object.bytes)
    }
    return left == right
  }

  func compare(_ opcode: Opcode, _ left: Value, _ right: Value, into target: Registers) -> Bool {
    let isOr = opcode == .lessEqual
    if left.isInteger, right.isInteger {
      target.pointee = Value(
        isOr ? left.integer <= right.integer : left.integer < right.integer)
    } else if let left = left.number, let right = right.number {
      target.pointee = Value(isOr ? left <= right : left < right)
    } else if left.isString, right.isString {
      let (first, second) = (left.object.bytes, right.object.bytes)
      target.pointee = Value(
        isOr ? !second.lexicographicallyPrecedes(first) : first.lexicographicallyPrecedes(second))
    } else {
      return raise("\(typeName(of: left)) and \(typeName(of: right)) have no order")
    }
    return true
  }
}

extension Value {
  var isString: Bool { isReference && object.is(.string) }
  var isArray: Bool { isReference && object.is(.array) }
}
