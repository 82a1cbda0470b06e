/// The header of a perf.data file, or of the same as a stream (pipe mode).
struct PerfFileHeader {
  static let magic = Array("PERFILE2".utf8)
  static let swappedMagic = Array("2ELIFREP".utf8)

  struct Section {
    var offset: UInt64
    var size: UInt64
  }

  /// Nil for a stream, which has all of this in records.
  struct Places {
    var attributeBytes: UInt64
    var attributes: Section
    var data: Section
    /// 256 bits, one for each feature.
    var features: [UInt64]
  }

  var size: UInt64
  var places: Places?

  /// Nil if this is no header.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 16, bytes.prefix(8).elementsEqual(Self.magic) else { return nil }
    let bytes = ForeignBytes(bytes)
    size = bytes.word64(8)
    guard size != 16 else { return }
    guard size >= 72 else { return nil }
    func section(_ offset: Int) -> Section {
      Section(offset: bytes.word64(offset), size: bytes.word64(offset + 8))
    }
    places = Places(
      attributeBytes: bytes.word64(16), attributes: section(24), data: section(40),
      features: size >= 104 ? (0..<4).map { bytes.word64(72 + 8 * $0) } : [])
  }

  /// The numbers of the features that the file has, in the order of their sections.
  var featureNumbers: [Int] {
    (places?.features ?? []).enumerated().flatMap { word, bits in
      (0..<64).filter { bits & 1 << UInt64($0) != 0 }.map { word * 64 + $0 }
    }
  }
}
