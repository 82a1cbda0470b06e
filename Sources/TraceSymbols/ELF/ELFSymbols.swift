internal import OSStrings

/// Reads an image's symbol tables, and those of its debug file, into one table of functions.
///
/// Offsets come from the image: a debug file has valid addresses, but its offsets are wrong.
struct ELFSymbolReader {
  let image: ELFFile
  let addressing: FileAddressing
  private(set) var builder = SymbolTableBuilder()
  private(set) var warnings: WarningList
  /// Whether the image has only the symbols that other images link to, so that there may be
  /// functions without a symbol between two symbols.
  private var isPartial = false

  init(_ image: ELFFile) {
    self.image = image
    addressing = FileAddressing(image)
    warnings = WarningList()
    for warning in image.warnings { warnings.add(warning) }
    addCodeEnds(image)
  }

  /// Offsets in the image's file that no function extends past.
  private mutating func addCodeEnds(_ file: ELFFile) {
    for piece in addressing.code { builder.codeEnds.append(piece.fileOffset + piece.size) }
    for section in file.sections where section.isExecutable {
      let code = addressing.code(at: section.address, size: section.size)
      if let code { builder.codeEnds.append(code.start + code.size) }
    }
  }

  /// `.symtab`, or for a stripped image `.dynsym` and `.gnu_debugdata`; and the tables of the debug
  /// file.
  mutating func readAll(debug: ELFFile?) {
    if let debug {
      for warning in debug.warnings { warnings.add(warning) }
      read(debug, ELFSection.Kind.symbols)
    }
    if builder.candidates.isEmpty { read(image, ELFSection.Kind.symbols) }
    if builder.candidates.isEmpty {
      addGoFunctions()
      read(image, ELFSection.Kind.dynamicSymbols)
      if image.sections.isEmpty { readDynamicSegment() }
      isPartial = true
      if let inner = packedSymbols() {
        isPartial = false
        for warning in inner.warnings { warnings.add(warning) }
        read(inner, ELFSection.Kind.symbols)
      }
    }
    addProcedureLinkage()
  }

  consuming func finish() -> (SymbolTable, [SymbolWarning]) {
    let warnings = warnings.warnings
    let described = DescribedCode(image, addressing)
    builder.describedEnd = { described.end(after: $0) }
    if isPartial { builder.guessedEnd = GuessedEnd(image).end(of:before:) }
    return (builder.build(), warnings)
  }

  mutating func warn(_ warning: SymbolWarning) { warnings.add(warning) }

  /// Reads every table of this kind.
  private mutating func read(_ file: ELFFile, _ kind: UInt32) {
    // If a table is in the debug file instead, only its header is here.
    let tables = file.sections.filter { $0.kind == kind && $0.size > 0 && $0.fileOffset != 0 }
    if tables.count > SymbolLimits.symbolTables {
      warnings.add(.tooMany("symbol tables", limit: SymbolLimits.symbolTables))
    }
    for section in tables.prefix(SymbolLimits.symbolTables) {
      let (names, isSound) = file.names(of: section)
      if !isSound { warnings.add(.link("the symbol table \(section.name)")) }
      var table = SymbolSection(
        name: section.name.isEmpty ? "the symbol table" : section.name,
        fileOffset: section.fileOffset, size: section.size, entrySize: section.entrySize)
      var source = file.source
      if section.isCompressed {
        let bytes = file.contents(of: section, limit: SymbolLimits.unpackedSymbolBytes)
        if bytes.isEmpty { warnings.add(.compression(table.name)) }
        source = ByteSource(bytes)
        (table.fileOffset, table.size) = (0, source.count)
      }
      read(file, table, names: names, in: source)
    }
  }

  /// - Parameter unpacked: the file that contains the table, if it is not this file.
  mutating func read(
    _ file: ELFFile, _ table: SymbolSection, names: StringTable, in unpacked: ByteSource? = nil
  ) {
    let source = unpacked ?? file.source
    let words = file.header.words
    guard !names.isEmpty else { return }
    guard let nameBase = builder.names.append(names) else {
      return warnings.add(.tooMany("the names of \(table.name)", limit: SymbolLimits.nameBytes))
    }
    var stride = words.symbolSize
    if table.entrySize != UInt64(stride) {
      warnings.add(.entrySize(table.name, size: table.entrySize))
      if (UInt64(stride)...UInt64(SymbolLimits.entrySize)).contains(table.entrySize) {
        stride = Int(table.entrySize)
      }
    }
    var count = Int(clamping: table.size / UInt64(stride))
    if count > SymbolLimits.symbols {
      warnings.add(.tooMany(table.name, limit: SymbolLimits.symbols))
      count = SymbolLimits.symbols
    }
    let filter = SymbolFilter(
      file: file, addressing: addressing, bias: bias(of: file), names: names,
      nameBase: nameBase)
    let chunk = max(SymbolLimits.chunkBytes / stride, 1)
    for first in Swift.stride(from: 0, to: count, by: chunk) {
      let wanted = min(chunk, count - first)
      let offset = table.fileOffset.addingReportingOverflow(UInt64(first * stride))
      let bytes =
        offset.overflow
        ? [] : source.read(at: offset.partialValue, count: wanted * stride)
      let whole = bytes.count / stride
      add(bytes, count: whole, stride: stride, filter)
      if whole < wanted { return warnings.add(.outsideFile(table.name)) }
      if builder.candidates.count >= SymbolLimits.functions {
        return warnings.add(.tooMany("functions", limit: SymbolLimits.functions))
      }
    }
  }

  private mutating func add(_ bytes: [UInt8], count: Int, stride: Int, _ filter: SymbolFilter) {
    var hasBadName = false
    bytes.withUnsafeBytes { raw in
      for index in 0..<count {
        let entry = UnsafeRawBufferPointer(
          rebasing: raw[(index * stride)..<((index + 1) * stride)])
        guard let found = filter.candidate(entry, &hasBadName) else { continue }
        builder.candidates.append(found)
      }
    }
    if hasBadName { warnings.add(.value("a symbol's name")) }
  }

  /// The difference to add to a debug file's addresses, because prelinking moves the image but not
  /// its debug file.
  private func bias(of file: ELFFile) -> UInt64 {
    guard let base = addressing.base, let other = FileAddressing(file).base else { return 0 }
    return base &- other
  }

  /// Adds functions whose names are offsets in a separate table; `make` gets the number to add to
  /// the offsets.
  mutating func add(from names: StringTable, _ make: (_ base: UInt32) -> [SymbolCandidate]) {
    guard let base = builder.names.append(names) else { return }
    builder.candidates += make(base)
  }

  mutating func add(_ name: String, at start: UInt64, size: UInt32) {
    guard !start.addingReportingOverflow(UInt64(size)).overflow,
      let offset = builder.names.append(StringTable(name.osBytes + [0]))
    else { return }
    builder.candidates.append(SymbolCandidate(start: start, size: size, name: offset, rank: 0))
  }
}

/// The location of a symbol table.
struct SymbolSection {
  var name: String
  var fileOffset: UInt64
  var size: UInt64
  var entrySize: UInt64
}

extension ELFFile {
  /// The string table of a symbol table; not sound if the link is wrong and a table was found by
  /// name.
  fileprivate func names(of symbols: ELFSection) -> (StringTable, isSound: Bool) {
    let limit = SymbolLimits.nameBytes
    if Int(symbols.link) < sections.count, symbols.link != 0 {
      let linked = sections[Int(symbols.link)]
      if linked.kind == ELFSection.Kind.strings {
        return (StringTable(contents(of: linked, limit: limit)), true)
      }
    }
    let isDynamic = symbols.kind == ELFSection.Kind.dynamicSymbols
    let byName = section(named: isDynamic ? ".dynstr" : ".strtab")
    return (StringTable(byName.map { contents(of: $0, limit: limit) } ?? []), false)
  }
}
