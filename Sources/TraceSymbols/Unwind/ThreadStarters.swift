/// The functions of a C library that call `main` and the functions of threads, for libraries whose
/// symbol table lacks them: glibc's `__libc_start_call_main` and `start_thread`.
///
/// They are found by references to them: `__libc_start_main` calls the former, and functions that
/// create threads take the address of the latter. Ranges are of link-time addresses.
struct ThreadStarters {
  private static let mains = ["__libc_start_main"]
  /// Functions that create threads: the C library's and libstdc++'s.
  private static let creators = [
    "pthread_create",
    "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
    "_ZNSt6thread15_M_start_threadESt10shared_ptrINS_10_Impl_baseEEPFvvE",
  ]
  static let exports = Set(mains + creators)

  private(set) var ranges: [Range<UInt64>] = []
  private let file: ELFFile
  private let addressing: FileAddressing
  private let frames: FrameTable?

  private static let functionBytesMax: UInt64 = 64 << 10
  private static let calleesMax = 64

  init(_ file: ELFFile, _ addressing: FileAddressing, _ frames: FrameTable?) {
    self.file = file
    self.addressing = addressing
    self.frames = frames
    guard file.machine == ELFHeader.Machine.x86_64 else { return }
    let exported = file.dynamicFunctions(named: Self.exports)
    var mains = functions(Self.mains.compactMap { exported[$0] })
    if exported.isEmpty, !file.hasSymbolTable {
      // A stripped program that includes its C library begins with the same calls.
      mains = functions(functions([file.header.entry]).flatMap { references(in: $0).calls })
      ranges += mains
    }
    ranges += mains
    ranges += functions(mains.flatMap { references(in: $0).calls })
    let creators = functions(Self.creators.compactMap { exported[$0] })
    let callees = functions(creators.flatMap { references(in: $0).calls })
    ranges += functions((creators + callees).flatMap { references(in: $0).taken })
  }

  /// The functions that begin at these addresses, each once.
  private func functions(_ starts: [UInt64]) -> [Range<UInt64>] {
    var known: Set<UInt64> = []
    return starts.compactMap { start in
      guard known.count < Self.calleesMax, let function = frames?.function(at: start),
        function.lowerBound == start, known.insert(start).inserted
      else { return nil }
      return function
    }
  }

  private func references(in function: Range<UInt64>) -> (calls: [UInt64], taken: [UInt64]) {
    guard let offset = addressing.fileOffset(ofCode: function.lowerBound) else { return ([], []) }
    let count = min(UInt64(function.count), Self.functionBytesMax)
    return MachineCode.references(
      in: file.source.read(at: offset, count: Int(count)), at: function.lowerBound)
  }
}

extension ELFFile {
  /// Number of symbols of `.dynsym` that are read.
  private static let dynamicSymbolsMax = 1 << 18

  /// The addresses of functions that the image exports.
  func dynamicFunctions(named names: Set<String>) -> [String: UInt64] {
    guard let table = sections.first(where: { $0.kind == ELFSection.Kind.dynamicSymbols }),
      Int(table.link) < sections.count
    else { return [:] }
    let words = header.words
    let size = words.symbolSize
    let symbols = contents(of: table, limit: Self.dynamicSymbolsMax * size)
    let strings = StringTable(
      contents(of: sections[Int(table.link)], limit: SymbolLimits.unpackedSymbolBytes))
    var found: [String: UInt64] = [:]
    symbols.withUnsafeBytes { raw in
      for start in stride(from: 0, through: raw.count - size, by: size) {
        let info = raw[start + (words.is64Bit ? 4 : 12)]
        guard info & 15 == 2, words.half(raw, start + (words.is64Bit ? 6 : 14)) != 0 else {
          continue
        }
        let name = strings.string(at: words.word(raw, start), limit: 256)
        if names.contains(name) {
          found[name] = words.native(raw, start + (words.is64Bit ? 8 : 4))
        }
      }
    }
    return found
  }
}
