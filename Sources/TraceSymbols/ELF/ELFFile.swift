/// An ELF file, 64- or 32-bit and of either byte order, opened for its symbols.
///
/// Headers may be invalid: the readable parts are used, and `warnings` lists the others. Opening
/// reads the two header tables and the section names; other data is read on demand.
public struct ELFFile: Sendable {
  public let source: ByteSource
  public let segments: [ELFSegment]
  public let sections: [ELFSection]
  public let warnings: [SymbolWarning]
  let header: ELFHeader

  public var is64Bit: Bool { header.words.is64Bit }
  public var isBigEndian: Bool { header.words.isBigEndian }
  /// `e_machine`: 62 for x86-64, 183 for AArch64.
  public var machine: UInt16 { header.machine }

  /// - Parameter access: as in ``ByteSource/init(path:access:)``.
  public init(path: String, access: FileAccess = .own) throws(ImageProblem) {
    try self.init(ByteSource(path: path, access: access), path: path)
  }

  /// `path` is used only in messages.
  public init(_ source: ByteSource, path: String) throws(ImageProblem) {
    guard var header = ELFHeader(source.read(at: 0, count: 64)) else {
      throw .notELF(path: path)
    }
    var warnings = WarningList()
    let tables = ELFTables(source: source)
    tables.resolveExtendedCounts(&header)
    self.source = source
    segments = tables.segments(header, &warnings)
    sections = tables.sections(header, &warnings)
    self.header = header
    self.warnings = warnings.warnings
  }

  /// The first section with that name.
  public func section(named name: String) -> ELFSection? { sections.first { $0.name == name } }

  /// A section's bytes, at most `limit`; empty for a section without contents. A compressed section
  /// is decompressed completely or not at all.
  public func contents(of section: ELFSection, limit: Int) -> [UInt8] {
    guard section.kind != ELFSection.Kind.noContents else { return [] }
    if let compression = SectionCompression(section, of: self) {
      return compression.unpack(section, of: self, limit: limit) ?? []
    }
    return source.read(at: section.fileOffset, count: Int(min(section.size, UInt64(limit))))
  }

  /// A segment's bytes in the file, at most `limit`.
  public func contents(of segment: ELFSegment, limit: Int) -> [UInt8] {
    source.read(at: segment.fileOffset, count: Int(min(segment.fileSize, UInt64(limit))))
  }
}

extension ELFFile {
  /// Whether all data that the headers refer to is in the file, so that it is not truncated.
  ///
  /// A debug file has its image's segment headers but not their data; if there are section headers,
  /// only these are checked.
  var isWhole: Bool {
    guard warnings.isEmpty else { return false }
    let parts =
      sections.isEmpty
      ? segments.map { ($0.fileOffset, $0.fileSize) }
      : sections.filter { $0.kind != ELFSection.Kind.noContents }.map { ($0.fileOffset, $0.size) }
    return parts.allSatisfy { offset, size in
      let (end, overflow) = offset.addingReportingOverflow(size)
      return !overflow && end <= source.count
    }
  }
}

/// Reads the two header tables.
struct ELFTables {
  let source: ByteSource

  /// Counts that do not fit into the header are in the first section header.
  func resolveExtendedCounts(_ header: inout ELFHeader) {
    guard header.sectionOffset != 0,
      header.sectionCount == 0 || header.segmentCount == 0xffff
        || header.sectionNameIndex == 0xffff
    else { return }
    let words = header.words
    let bytes = source.read(at: header.sectionOffset, count: words.sectionSize)
    guard bytes.count == words.sectionSize else { return }
    let first = bytes.withUnsafeBytes { ELFSection($0, words) }
    if header.sectionCount == 0 { header.sectionCount = Int(clamping: first.size) }
    if header.segmentCount == 0xffff { header.segmentCount = Int(first.auxiliary) }
    if header.sectionNameIndex == 0xffff { header.sectionNameIndex = Int(first.link) }
  }

  func segments(_ header: ELFHeader, _ warnings: inout WarningList) -> [ELFSegment] {
    guard header.segmentOffset != 0 else { return [] }
    return entries(
      "the program header table", at: header.segmentOffset, count: header.segmentCount,
      size: header.segmentEntrySize, least: header.words.segmentSize,
      limit: SymbolLimits.programHeaders, &warnings
    ) { ELFSegment($0, header.words) }
  }

  func sections(_ header: ELFHeader, _ warnings: inout WarningList) -> [ELFSection] {
    guard header.sectionOffset != 0 else { return [] }
    var sections = entries(
      "the section header table", at: header.sectionOffset, count: header.sectionCount,
      size: header.sectionEntrySize, least: header.words.sectionSize,
      limit: SymbolLimits.sectionHeaders, &warnings
    ) { ELFSection($0, header.words) }
    guard sections.indices.contains(header.sectionNameIndex) else {
      if !sections.isEmpty { warnings.add(.link("the section name index")) }
      return sections
    }
    let table = sections[header.sectionNameIndex]
    let names = StringTable(
      source.read(
        at: table.fileOffset, count: Int(min(table.size, UInt64(SymbolLimits.sectionNameBytes)))))
    if names.isEmpty && table.size > 0 { warnings.add(.outsideFile("the section name table")) }
    for index in sections.indices {
      sections[index].name = names.string(at: sections[index].nameOffset, limit: 256)
    }
    return sections
  }

  private func entries<Entry>(
    _ what: String, at offset: UInt64, count: Int, size: Int, least: Int, limit: Int,
    _ warnings: inout WarningList, _ make: (UnsafeRawBufferPointer) -> Entry
  ) -> [Entry] {
    guard count > 0 else { return [] }
    guard size >= least, size <= SymbolLimits.entrySize else {
      warnings.add(.entrySize(what, size: UInt64(size)))
      return []
    }
    if count > limit { warnings.add(.tooMany(what, limit: limit)) }
    let wanted = min(count, limit)
    // The last entry may be shorter than the stride.
    let bytes = source.read(at: offset, count: wanted * size)
    let whole = bytes.count < least ? 0 : (bytes.count - least) / size + 1
    if whole < wanted { warnings.add(.outsideFile(what)) }
    return bytes.withUnsafeBytes { raw in
      (0..<min(whole, wanted)).map {
        make(UnsafeRawBufferPointer(rebasing: raw[($0 * size)..<($0 * size + least)]))
      }
    }
  }
}
