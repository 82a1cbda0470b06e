/// Guesses from the machine code where a function ends whose image says neither this nor what
/// follows.
///
/// Functions without a size are hand-written and mostly short: compilers give sizes. A guess that
/// is too short leaves code without a name; one that is too long gives it a wrong one. The function
/// therefore ends at the first bytes that may be a return, or begin another function.
struct GuessedEnd {
  /// The maximum size of such a function.
  static let bytesMax: UInt64 = 256

  private let file: ELFFile

  init(_ file: ELFFile) { self.file = file }

  /// Returns the offset behind the function at `start`; at most `end`, which is greater.
  func end(of start: UInt64, before end: UInt64) -> UInt64 {
    let size = min(Self.bytesMax, end - start)
    let code = file.source.read(at: start, count: Int(size))
    let found: Int? =
      switch file.machine {
      case ELFHeader.Machine.x86_64: Self.endOfX86(code)
      case ELFHeader.Machine.aarch64: Self.endOfARM64(code)
      default: nil
      }
    return start + min(found.map { UInt64($0) } ?? size, size)
  }

  private static func endOfX86(_ code: [UInt8]) -> Int? {
    for (position, byte) in code.enumerated() {
      // ret, and ret with a number of bytes.
      if byte == 0xc3 { return position + 1 }
      if byte == 0xc2 { return position + 3 }
      let next = code[position...].prefix(4)
      // endbr64, endbr32; push %rbp, mov %rsp,%rbp.
      let begins =
        next.elementsEqual([0xf3, 0x0f, 0x1e, 0xfa])
        || next.elementsEqual([0xf3, 0x0f, 0x1e, 0xfb])
        || next.elementsEqual([0x55, 0x48, 0x89, 0xe5])
      if begins, position > 0 { return position }
    }
    return nil
  }

  private static func endOfARM64(_ code: [UInt8]) -> Int? {
    for position in stride(from: 0, to: code.count - 3, by: 4) {
      let word = code[position..<position + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      // ret, with any register.
      if word & 0xffff_fc1f == 0xd65f_0000 { return position + 4 }
      // paciasp, bti c; stp x29, x30, [sp, #-n]!.
      let begins = [0xd503_233f, 0xd503_245f].contains(word) || word & 0xffc0_7fff == 0xa980_7bfd
      if begins, position > 0 { return position }
    }
    return nil
  }
}
