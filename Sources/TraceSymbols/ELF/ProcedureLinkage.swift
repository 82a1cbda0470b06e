/// Names for the stubs through which an image calls functions of other images: `malloc@plt`.
///
/// Symbol tables do not contain stubs. Each stub jumps through a slot, and a relocation gives the
/// symbol whose address the loader stores in the slot. The slot is read from the stub's code,
/// because the order of stubs is not specified.
struct ProcedureLinkage {
  private struct Stub {
    var start: UInt64
    var size: UInt32
  }

  private enum Relocation {
    static let relativeThroughCall_x86_64: UInt32 = 37
  }

  private let file: ELFFile
  private let addressing: FileAddressing
  /// Stubs by the address of their slot.
  private var stubs: [UInt64: Stub] = [:]

  init(_ file: ELFFile, _ addressing: FileAddressing) {
    self.file = file
    self.addressing = addressing
    guard file.is64Bit, !file.isBigEndian else { return }
    let sections = file.sections.lazy.filter { $0.isExecutable && $0.name.hasPrefix(".plt") }
    for section in sections.prefix(SymbolLimits.procedureLinkageSections) {
      guard let place = addressing.fileOffset(ofCode: section.address) else { continue }
      let code = file.contents(of: section, limit: SymbolLimits.procedureLinkageBytes)
      switch file.machine {
      case ELFHeader.Machine.x86_64: findJumps(code, in: section, place: place)
      case ELFHeader.Machine.aarch64: findPageLoads(code, in: section, place: place)
      default: break
      }
    }
  }

  /// x86-64: `jmp *displacement(%rip)`, in entries of 8 or 16 bytes.
  private mutating func findJumps(_ code: [UInt8], in section: ELFSection, place: UInt64) {
    let entry = section.entrySize == 8 ? 8 : 16
    var position = 0
    while position + 6 <= code.count {
      guard code[position] == 0xff, code[position + 1] == 0x25 else {
        position += 1
        continue
      }
      let displacement = code.withUnsafeBytes {
        Int32(littleEndian: $0.loadUnaligned(fromByteOffset: position + 2, as: Int32.self))
      }
      let slot =
        section.address &+ UInt64(position + 6) &+ UInt64(bitPattern: Int64(displacement))
      let start = position / entry * entry
      stubs[slot] = Stub(start: place &+ UInt64(start), size: UInt32(entry))
      position = start + entry
    }
  }

  /// AArch64: `adrp x16, page` and `ldr x17, [x16, #offset]`, of 16 bytes, or 24 with landing pads.
  private mutating func findPageLoads(_ code: [UInt8], in section: ELFSection, place: UInt64) {
    let words = code.withUnsafeBytes { raw in
      (0..<(raw.count / 4)).map {
        UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
      }
    }
    for index in words.indices.dropLast()
    where words[index] & 0x9f00_001f == 0x9000_0010
      && words[index + 1] & 0xffc0_03ff == 0xf940_0211
    {
      let immediate = UInt64(words[index] >> 5 & 0x7ffff) << 2 | UInt64(words[index] >> 29 & 3)
      // 21 bits, signed, of pages.
      let pages = immediate << 43
      let distance = UInt64(bitPattern: Int64(bitPattern: pages) >> 31)
      let address = section.address &+ UInt64(index * 4)
      let slot =
        (address & ~4095) &+ (distance & ~4095) &+ UInt64(words[index + 1] >> 10 & 0xfff) * 8
      let hasLandingPad = index > 0 && words[index - 1] == 0xd503_245f
      let first = hasLandingPad ? index - 1 : index
      stubs[slot] = Stub(start: place &+ UInt64(first * 4), size: hasLandingPad ? 24 : 16)
    }
  }

  /// Calls a closure with each stub named by a relocation.
  mutating func forEachName(_ body: (_ name: String, _ start: UInt64, _ size: UInt32) -> Void) {
    // The stubs' relocations come first; the many other ones are often not needed.
    let tables = file.sections.filter {
      $0.kind == ELFSection.Kind.addendRelocations && $0.flags & 2 != 0
    }
    let ordered =
      tables.filter { $0.name == ".rela.plt" } + tables.filter { $0.name != ".rela.plt" }
    for table in ordered.prefix(SymbolLimits.relocationTables) where !stubs.isEmpty {
      let symbols = Int(table.link) < file.sections.count ? file.sections[Int(table.link)] : nil
      let found = matches(in: table)
      guard !found.isEmpty else { continue }
      let names = symbols.map { NameBySymbolIndex(file, $0) }
      for (stub, symbol, addend, kind) in found {
        if let name = names?.name(of: symbol), !name.isEmpty {
          body(name + "@plt", stub.start, stub.size)
        } else if kind == Relocation.relativeThroughCall_x86_64 {
          // The form used by objdump and perf.
          body("*ABS*+0x\(String(addend, radix: 16))@plt", stub.start, stub.size)
        }
      }
    }
  }

  private mutating func matches(
    in table: ELFSection
  ) -> [(Stub, symbol: UInt32, addend: UInt64, kind: UInt32)] {
    var found: [(Stub, symbol: UInt32, addend: UInt64, kind: UInt32)] = []
    let count = Int(min(table.size / 24, UInt64(SymbolLimits.relocations)))
    let chunk = SymbolLimits.chunkBytes / 24
    for first in stride(from: 0, to: count, by: chunk) where !stubs.isEmpty {
      let offset = table.fileOffset.addingReportingOverflow(UInt64(first * 24))
      guard !offset.overflow else { break }
      let bytes = file.source.read(
        at: offset.partialValue, count: min(chunk, count - first) * 24)
      bytes.withUnsafeBytes { raw in
        for index in 0..<(raw.count / 24) {
          let slot = file.header.words.double(raw, index * 24)
          guard let stub = stubs.removeValue(forKey: slot) else { continue }
          let kind = file.header.words.word(raw, index * 24 + 8)
          let symbol = file.header.words.word(raw, index * 24 + 12)
          found.append((stub, symbol, file.header.words.double(raw, index * 24 + 16), kind))
        }
      }
      if bytes.count < 24 { break }
    }
    return found
  }
}

/// Names of a symbol table's entries by index.
private struct NameBySymbolIndex {
  private let entries: [UInt8]
  private let strings: StringTable
  private let words: ELFWords

  init(_ file: ELFFile, _ symbols: ELFSection) {
    words = file.header.words
    entries = file.contents(of: symbols, limit: SymbolLimits.procedureLinkageBytes)
    let isLinked = Int(symbols.link) < file.sections.count
    strings = StringTable(
      isLinked
        ? file.contents(
          of: file.sections[Int(symbols.link)], limit: SymbolLimits.procedureLinkageBytes) : [])
  }

  func name(of symbol: UInt32) -> String? {
    let offset = Int(symbol) * words.symbolSize
    guard symbol != 0, offset + words.symbolSize <= entries.count else { return nil }
    let name = entries.withUnsafeBytes { words.word($0, offset) }
    return strings.string(at: name, limit: SymbolLimits.nameLength)
  }
}

extension ELFSymbolReader {
  mutating func addProcedureLinkage() {
    var linkage = ProcedureLinkage(image, addressing)
    var found: [(String, UInt64, UInt32)] = []
    linkage.forEachName { found.append(($0, $1, $2)) }
    for (name, start, size) in found { add(name, at: start, size: size) }
  }
}
