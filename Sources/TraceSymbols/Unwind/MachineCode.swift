/// A minimal decoder of machine code: calls, and addresses that functions take. x86-64 only.
enum MachineCode {
  /// The longest form of a call.
  static let callBytesMax = 7

  enum Call: Hashable {
    /// A call to the address at this distance from the call's end.
    case direct(Int32)
    case indirect
  }

  /// The call at the end of the bytes; nil if there is none.
  ///
  /// - Trap: instructions cannot be decoded backwards with certainty. Bytes that only look like a
  ///   call are accepted; a call is never missed.
  static func call(endingIn bytes: some BidirectionalCollection<UInt8>) -> Call? {
    let tail = Array(bytes.suffix(callBytesMax))
    let count = tail.count
    if count >= 5, tail[count - 5] == 0xe8 {
      let distance = tail.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return .direct(Int32(bitPattern: distance))
    }
    for length in 2...callBytesMax where count >= length && tail[count - length] == 0xff {
      if isIndirectCall(tail[(count - length + 1)...]) { return .indirect }
    }
    return nil
  }

  /// Whether an instruction that begins with 0xff is a call of exactly these further bytes.
  private static func isIndirectCall(_ rest: ArraySlice<UInt8>) -> Bool {
    guard let form = rest.first, form >> 3 & 7 == 2 else { return false }
    let (mode, register) = (form >> 6, form & 7)
    if mode == 3 { return rest.count == 1 }
    var length = 1
    var hasWideOffset = mode == 2 || (mode == 0 && register == 5)
    if register == 4 {
      guard rest.count > 1 else { return false }
      length += 1
      if mode == 0, rest[rest.startIndex + 1] & 7 == 5 { hasWideOffset = true }
    }
    return rest.count == length + (hasWideOffset ? 4 : mode == 1 ? 1 : 0)
  }

  /// The targets of direct calls in a piece of code, and the addresses that it takes relative to
  /// the instruction. Other bytes may look the same; the caller must check that the targets are
  /// functions.
  static func references(
    in code: [UInt8], at address: UInt64
  ) -> (calls: [UInt64], taken: [UInt64]) {
    var (calls, taken): ([UInt64], [UInt64]) = ([], [])
    func target(_ offset: Int) -> UInt64 {
      let distance = code[offset..<offset + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return address &+ UInt64(offset + 4)
        &+ UInt64(bitPattern: Int64(Int32(bitPattern: distance)))
    }
    for offset in code.indices {
      if code[offset] == 0xe8, offset + 5 <= code.count { calls.append(target(offset + 1)) }
      // lea register, [rip + distance]
      if offset + 7 <= code.count, code[offset] & 0xfb == 0x48, code[offset + 1] == 0x8d,
        code[offset + 2] & 0xc7 == 0x05
      {
        taken.append(target(offset + 3))
      }
    }
    return (calls, taken)
  }
}
