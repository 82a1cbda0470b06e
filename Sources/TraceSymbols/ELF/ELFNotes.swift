extension ELFFile {
  /// The build-id note, from the note segments or, where there are none, the note sections.
  ///
  /// Reads notes only: of a file that is usually its first page, read at opening.
  public var buildID: BuildID? {
    for segment in segments where segment.kind == ELFSegment.Kind.note {
      if let id = buildID(inNotes: contents(of: segment, limit: SymbolLimits.noteBytes)) {
        return id
      }
    }
    // Debug files keep a note segment's header but not always its place; relocatable files have
    // only sections.
    for section in sections where section.kind == ELFSection.Kind.note {
      if let id = buildID(inNotes: contents(of: section, limit: SymbolLimits.noteBytes)) {
        return id
      }
    }
    return nil
  }

  private func buildID(inNotes bytes: [UInt8]) -> BuildID? {
    BuildID.find(inNotes: bytes, words: header.words)
  }
}

extension BuildID {
  /// Of the file at this path, nil without one or when the file cannot be read.
  ///
  /// Cost: an open, an fstat and one or two reads; the section headers are only read when no note
  /// segment has it.
  public static func ofFile(at path: String) -> BuildID? {
    guard let source = try? ByteSource(path: path),
      let header = ELFHeader(source.read(at: 0, count: 64))
    else { return nil }
    var warnings = WarningList()
    let segments = ELFTables(source: source).segments(header, &warnings)
    for segment in segments where segment.kind == ELFSegment.Kind.note {
      let length = Int(min(segment.fileSize, UInt64(SymbolLimits.noteBytes)))
      let notes = source.read(at: segment.fileOffset, count: length)
      if let id = find(inNotes: notes, words: header.words) { return id }
    }
    return (try? ELFFile(source, path: path))?.buildID
  }

  /// From the contents of a note segment or section, or of `/sys/kernel/notes`, of this machine.
  public static func find(inNotes bytes: [UInt8]) -> BuildID? {
    find(inNotes: bytes, words: ELFWords(is64Bit: true, isBigEndian: Int(1).bigEndian == 1))
  }

  static func find(inNotes bytes: [UInt8], words: ELFWords) -> BuildID? {
    bytes.withUnsafeBytes { raw in
      // Notes are padded to 4 bytes, but those of an 8-byte aligned segment (properties) to 8;
      // p_align says which, unless it is nonsense: a walk that trips over the one tries the other.
      search(raw, words, padding: 4) ?? search(raw, words, padding: 8)
    }
  }

  private static func search(
    _ raw: UnsafeRawBufferPointer, _ words: ELFWords, padding: Int
  ) -> BuildID? {
    var position = 0
    while position + 12 <= raw.count {
      let nameSize = Int(words.word(raw, position))
      let contentSize = Int(words.word(raw, position + 4))
      let kind = words.word(raw, position + 8)
      let content = position + rounded(12 + nameSize, padding)
      guard content + contentSize <= raw.count else { return nil }
      let name = raw[(position + 12)..<min(position + 12 + nameSize, raw.count)]
      if kind == 3, name.elementsEqual([0x47, 0x4e, 0x55, 0]) {
        return BuildID(raw[content..<(content + contentSize)])
      }
      position = content + rounded(contentSize, padding)
    }
    return nil
  }

  private static func rounded(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
}
