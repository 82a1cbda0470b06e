internal import OSStrings

extension ELFFile {
  /// Whether the file has DWARF compilation units and line tables.
  var hasLines: Bool {
    hasDebugSection("info") && hasDebugSection("line")
  }

  private func hasDebugSection(_ name: String) -> Bool {
    sections.contains {
      ($0.name == ".debug_" + name || $0.name == ".zdebug_" + name) && $0.size > 0
        && $0.kind != ELFSection.Kind.noContents
    }
  }

  /// The memory that the debug sections take; nil if that is more than `limit` or not known, or if
  /// another reader may see different sections.
  func debugBytes(limit: Int) -> Int? {
    guard header.sectionEntrySize == header.words.sectionSize,
      sections.count < SymbolLimits.sectionHeaders
    else { return nil }
    var total: UInt64 = 0
    for section in sections where section.kind != ELFSection.Kind.noContents {
      let isOldCompressed = section.name.hasPrefix(".zdebug_")
      guard section.name.hasPrefix(".debug_") || isOldCompressed else { continue }
      guard section.size <= source.count else { return nil }
      total += section.size
      if section.isCompressed || isOldCompressed {
        guard let size = unpackedSize(of: section, isOld: isOldCompressed),
          size <= UInt64(limit)
        else { return nil }
        total += size
      }
      if total > UInt64(limit) { return nil }
    }
    return Int(total)
  }

  /// The decompressed size stated by a compressed section.
  private func unpackedSize(of section: ELFSection, isOld: Bool) -> UInt64? {
    let bytes = source.read(at: section.fileOffset, count: 24)
    return bytes.withUnsafeBytes { raw in
      if isOld {
        // "ZLIB", then the size, big-endian.
        guard raw.count >= 12 else { return nil }
        return ELFWords(is64Bit: true, isBigEndian: true).double(raw, 4)
      }
      guard raw.count >= 24 else { return nil }
      return header.words.native(raw, is64Bit ? 8 : 4)
    }
  }
}

/// `.gnu_debugaltlink`: the file that contains the entries shared by several debug files (dwz).
struct SharedDebugLink {
  private let path: String
  private let buildID: BuildID

  /// Nil if there is none.
  init?(_ file: ELFFile) {
    guard let section = file.section(named: ".gnu_debugaltlink") else { return nil }
    let bytes = file.contents(of: section, limit: LineLimits.pathLength)
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    path = String(osBytes: bytes[..<end])
    guard let buildID = BuildID(bytes[end...].dropFirst()) else {
      // A link that matches no file.
      self.buildID = BuildID([0xff])!
      return
    }
    self.buildID = buildID
  }

  /// Finds the file with that build id.
  func find(from other: String, files: DebugFiles) -> (file: ELFFile, path: String)? {
    if let found = files.debugFile(of: buildID) { return found }
    let directory = other.prefix(upTo: other.lastIndex(of: "/") ?? other.startIndex)
    let candidates =
      path.hasPrefix("/") ? files.roots.map { $0 + path } : ["\(directory)/\(path)"]
    for candidate in candidates {
      let file = try? ELFFile(path: candidate, access: files.access.forUnmapped)
      if let file, file.buildID?.matches(buildID) == true {
        return (file, candidate)
      }
    }
    return nil
  }
}
