/// Determines which entries of a symbol table are functions, and their file offsets.
struct SymbolFilter {
  private enum Kind {
    static let untyped: UInt8 = 0
    static let function: UInt8 = 2
    static let indirectFunction: UInt8 = 10
  }

  private enum Binding {
    static let global: UInt8 = 1
    static let weak: UInt8 = 2
    /// Unique in the process; treated as global.
    static let unique: UInt8 = 10
  }

  private enum Index {
    static let undefined: UInt16 = 0
    static let firstReserved: UInt16 = 0xff00
    /// The section index does not fit; it is stored elsewhere.
    static let extended: UInt16 = 0xffff
  }

  private let words: ELFWords
  private let machine: UInt16
  private let isRelocatable: Bool
  private let sections: [ELFSection]
  private let addressing: FileAddressing
  private let bias: UInt64
  private let names: StringTable
  /// The number added to an offset in `names`.
  private let nameBase: UInt32

  init(
    file: ELFFile, addressing: FileAddressing, bias: UInt64, names: StringTable, nameBase: UInt32
  ) {
    words = file.header.words
    machine = file.header.machine
    isRelocatable = file.header.kind == ELFHeader.Kind.relocatable
    sections = file.sections
    self.addressing = addressing
    self.bias = bias
    self.names = names
    self.nameBase = nameBase
  }

  func candidate(
    _ entry: UnsafeRawBufferPointer, _ hasBadName: inout Bool
  ) -> SymbolCandidate? {
    let info = entry[words.is64Bit ? 4 : 12]
    let kind = info & 15
    let isFunction = kind == Kind.function || kind == Kind.indirectFunction
    guard isFunction || kind == Kind.untyped else { return nil }
    let section = words.half(entry, words.is64Bit ? 6 : 14)
    guard section != Index.undefined,
      section < Index.firstReserved || section == Index.extended
    else { return nil }
    let known = Int(section) < sections.count ? sections[Int(section)] : nil
    // Untyped symbols come from assembler code: labels in code are functions, those in data are
    // not.
    if !isFunction, let known, !known.isExecutable { return nil }
    let nameOffset = words.word(entry, 0)
    let (name, overflow) = nameOffset.addingReportingOverflow(nameBase)
    guard !overflow, Int(nameOffset) < names.count else {
      hasBadName = true
      return nil
    }
    // Two bytes suffice to recognize a name.
    guard names.withBytes(at: nameOffset, limit: 2, { isName($0, isFunction: isFunction) })
    else { return nil }
    let size = words.native(entry, words.is64Bit ? 16 : 8)
    guard let place = place(of: words.native(entry, words.is64Bit ? 8 : 4), size, in: known)
    else { return nil }
    return SymbolCandidate(
      start: place.start, size: UInt32(clamping: place.size), name: name,
      rank: rank(binding: info >> 4, isFunction: isFunction))
  }

  private func rank(binding: UInt8, isFunction: Bool) -> UInt8 {
    var rank = isFunction ? SymbolCandidate.Rank.isFunction : 0
    if binding != Binding.weak { rank |= SymbolCandidate.Rank.isStrong }
    if binding == Binding.global || binding == Binding.unique {
      rank |= SymbolCandidate.Rank.isGlobal
    }
    return rank
  }

  private func place(
    of value: UInt64, _ size: UInt64, in section: ELFSection?
  ) -> (start: UInt64, size: UInt64)? {
    if isRelocatable {
      guard let section, section.isExecutable, value < section.size else { return nil }
      let (start, overflow) = section.fileOffset.addingReportingOverflow(value)
      let length = min(size, section.size - value)
      guard !overflow, !start.addingReportingOverflow(length).overflow else { return nil }
      return (start, length)
    }
    // Bit 0 of an ARM function's address marks Thumb code.
    let address = machine == ELFHeader.Machine.arm ? value & ~1 : value
    return addressing.code(at: address &+ bias, size: size)
  }

  private func isName(_ name: UnsafeBufferPointer<UInt8>, isFunction: Bool) -> Bool {
    guard let first = name.first, first != 0 else { return false }
    if isFunction { return true }
    // Local labels of the assembler.
    if first == UInt8(ascii: "."), name.count > 1, name[1] == UInt8(ascii: "L") { return false }
    // "$x", "$d.12": marks of the start of code and data.
    let hasMarks =
      machine == ELFHeader.Machine.arm || machine == ELFHeader.Machine.aarch64
      || machine == ELFHeader.Machine.riscv
    return !(hasMarks && first == UInt8(ascii: "$"))
  }
}
