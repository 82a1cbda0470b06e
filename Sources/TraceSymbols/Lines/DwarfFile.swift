internal import CDW
internal import OSStrings

/// An ELF file's debug information, read by libdw.
///
/// - Guarantee: reads only the given file and, if that shares entries with another file (dwz), the
///   one with that build id. Never maps either, so a file truncated meanwhile yields errors.
/// - Cost: opening reads and decompresses all `.debug_` sections.
/// - Trap: not thread-safe.
final class DwarfFile {
  let dwarf: OpaquePointer
  private let elf: OpaquePointer
  private let source: ByteSource
  /// The file with shared entries.
  private var shared: DwarfFile?
  /// The memory that the sections take.
  let sectionBytes: Int
  private let lineProgramLengths: LineProgramLengths

  /// Nil if there are no lines, the ELF file is damaged, or sections take more than
  /// ``LineLimits/sectionBytes``.
  convenience init?(_ file: ELFFile, path: String, files: DebugFiles) {
    guard file.hasLines, file.header.kind != ELFHeader.Kind.relocatable else { return nil }
    self.init(checked: file)
    if let link = SharedDebugLink(file) {
      // libdw would open any path that the file contains.
      guard let (other, _) = link.find(from: path, files: files),
        let shared = DwarfFile(checked: other)
      else { return nil }
      self.shared = shared
      dwarf_setalt(dwarf, shared.dwarf)
    }
  }

  private init?(checked file: ELFFile) {
    guard let bytes = file.debugBytes(limit: LineLimits.sectionBytes), file.source.isFile,
      elf_version(UInt32(EV_CURRENT)) != UInt32(EV_NONE), let source = file.sourceForDebugReader()
    else { return nil }
    self.source = source
    let elf = source.withDescriptor { elf_begin($0, ELF_C_READ, nil) }
    guard let elf else { return nil }
    guard let dwarf = dwarf_begin_elf(elf, DWARF_C_READ, nil) else {
      elf_end(elf)
      return nil
    }
    self.elf = elf
    self.dwarf = dwarf
    sectionBytes = bytes
    lineProgramLengths = LineProgramLengths(elf, isBigEndian: file.isBigEndian)
  }

  deinit {
    dwarf_end(dwarf)
    elf_end(elf)
  }

  /// Whether a unit's line program exists and is not too long to be decoded.
  func canReadLines(of unit: inout Dwarf_Die) -> Bool {
    var attribute = Dwarf_Attribute()
    var offset: Dwarf_Word = 0
    guard dwarf_attr(&unit, UInt32(DW_AT_stmt_list), &attribute) != nil,
      dwarf_formudata(&attribute, &offset) == 0,
      let length = lineProgramLengths.length(at: offset)
    else { return false }
    return length <= LineLimits.lineProgramBytes
  }
}

/// The stated lengths of the programs in `.debug_line`.
private struct LineProgramLengths {
  private let bytes: UnsafeRawBufferPointer
  private let words: ELFWords

  /// libdw has already decompressed the section in `elf`.
  init(_ elf: OpaquePointer, isBigEndian: Bool) {
    words = ELFWords(is64Bit: true, isBigEndian: isBigEndian)
    var found = UnsafeRawBufferPointer(start: nil, count: 0)
    var names = 0
    var section = elf_getshdrstrndx(elf, &names) == 0 ? elf_nextscn(elf, nil) : nil
    while let current = section {
      var header = GElf_Shdr()
      if gelf_getshdr(current, &header) != nil, header.sh_type != SHT_NOBITS,
        let name = elf_strptr(elf, names, Int(header.sh_name)),
        [".debug_line", ".zdebug_line"].contains(String(osString: name)),
        let contents = elf_getdata(current, nil)
      {
        found = UnsafeRawBufferPointer(
          start: contents.pointee.d_buf, count: contents.pointee.d_size)
        break
      }
      section = elf_nextscn(elf, current)
    }
    bytes = found
  }

  func length(at offset: UInt64) -> UInt64? {
    guard let start = Int(exactly: offset), start <= bytes.count - 12 else { return nil }
    let short = words.word(bytes, start)
    return short == .max ? words.double(bytes, start + 4) : UInt64(short)
  }
}
