extension ELFFile {
  /// The build-id note, from the note segments or, if there are none, the note sections.
  ///
  /// Reads only notes, which are usually in the file's first page, read at opening.
  public var buildID: BuildID? {
    for segment in segments where segment.kind == ELFSegment.Kind.note {
      if let id = buildID(inNotes: contents(of: segment, limit: SymbolLimits.noteBytes)) {
        return id
      }
    }
    // Debug files keep a note segment's header, but not always its position; relocatable files have
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
  /// The build id of the file at this path; nil if there is none or the file cannot be read.
  ///
  /// Cost: an open, an fstat and one or two reads. Section headers are read only if no note segment
  /// has the note.
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

  /// Parses the contents of a note segment or section, or of this machine's `/sys/kernel/notes`.
  public static func find(inNotes bytes: [UInt8]) -> BuildID? {
    find(inNotes: bytes, words: ELFWords(is64Bit: true, isBigEndian: Int(1).bigEndian == 1))
  }

  static func find(inNotes bytes: [UInt8], words: ELFWords) -> BuildID? {
    bytes.withUnsafeBytes { raw in
      // Notes are padded to 4 bytes, but those of an 8-byte aligned segment (properties) to 8.
      // p_align has the padding, unless it is invalid; if parsing fails with one padding, the other
      // is tried.
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
