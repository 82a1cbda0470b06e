internal import CTraceShims
internal import Glibc

extension ELFFile {
  /// The file in a form that libdw can read: this file or, if debug sections are compressed with
  /// zstd (which libdw supports only since 0.189), a copy in memory of its headers and decompressed
  /// debug sections.
  ///
  /// The caller must check that the sections are not too long (``debugBytes(limit:)``).
  func sourceForDebugReader() -> ByteSource? {
    let packed = sections.indices.filter {
      SectionCompression(sections[$0], of: self)?.kind == .zstd
        && sections[$0].name.hasPrefix(".debug_")
    }
    guard !packed.isEmpty else { return source }
    let descriptor = trace_memfd("debug sections")
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let copy = UnpackedDebugFile(self, descriptor)
    guard copy.write(unpacking: packed) else { return nil }
    return try? ByteSource(path: "/proc/self/fd/\(descriptor)")
  }
}

/// Writes the copy: uncompressed data at its position, decompressed sections after the end.
private struct UnpackedDebugFile {
  private let file: ELFFile
  private let descriptor: CInt

  init(_ file: ELFFile, _ descriptor: CInt) {
    self.file = file
    self.descriptor = descriptor
  }

  func write(unpacking packed: [Int]) -> Bool {
    let (header, words) = (file.header, file.header.words)
    let tableBytes = header.sectionCount * words.sectionSize
    var headers = file.source.read(at: header.sectionOffset, count: tableBytes)
    guard headers.count == tableBytes, copy(at: 0, UInt64(words.headerSize)),
      copy(
        at: header.segmentOffset, UInt64(header.segmentCount * header.segmentEntrySize))
    else { return false }
    for (index, section) in file.sections.enumerated()
    where !packed.contains(index) && section.kind != ELFSection.Kind.noContents
      && (section.name.hasPrefix(".debug_") || index == header.sectionNameIndex)
    {
      guard copy(at: section.fileOffset, section.size) else { return false }
    }
    var end = file.source.count
    for index in packed {
      guard let compression = SectionCompression(file.sections[index], of: file),
        let bytes = compression.unpack(
          file.sections[index], of: file, limit: LineLimits.sectionBytes),
        write(bytes, at: end)
      else { return false }
      let place = index * words.sectionSize
      let native = words.nativeSize
      set(&headers, place + 8, file.sections[index].flags & ~0x800)
      set(&headers, place + 8 + 2 * native, end)
      set(&headers, place + 8 + 3 * native, UInt64(bytes.count))
      set(&headers, place + 16 + 4 * native, compression.alignment)
      end += UInt64(bytes.count)
    }
    return write(headers, at: header.sectionOffset)
  }

  private func set(_ bytes: inout [UInt8], _ offset: Int, _ value: UInt64) {
    let words = file.header.words
    for index in 0..<words.nativeSize {
      let shift = UInt64(8 * (words.isBigEndian ? words.nativeSize - 1 - index : index))
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> shift)
    }
  }

  private func copy(at offset: UInt64, _ size: UInt64) -> Bool {
    guard size <= file.source.count else { return false }
    let bytes = file.source.read(at: offset, count: Int(size))
    return bytes.count == Int(size) && write(bytes, at: offset)
  }

  private func write(_ bytes: [UInt8], at offset: UInt64) -> Bool {
    bytes.isEmpty || pwrite(descriptor, bytes, bytes.count, off_t(clamping: offset)) == bytes.count
  }
}
