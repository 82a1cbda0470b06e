/// The header of an ELF file.
struct ELFHeader: Hashable, Sendable {
  enum Kind {
    static let relocatable: UInt16 = 1
    static let executable: UInt16 = 2
    static let shared: UInt16 = 3
  }

  enum Machine {
    static let arm: UInt16 = 40
    static let x86_64: UInt16 = 62
    static let aarch64: UInt16 = 183
    static let riscv: UInt16 = 243
  }

  let words: ELFWords
  let kind: UInt16
  let machine: UInt16
  /// The entry point's address; 0 if there is none.
  let entry: UInt64
  let segmentOffset: UInt64
  let segmentEntrySize: Int
  var segmentCount: Int
  let sectionOffset: UInt64
  let sectionEntrySize: Int
  var sectionCount: Int
  var sectionNameIndex: Int

  /// Nil if the bytes are not an ELF header.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 52, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]),
      bytes[4] == 1 || bytes[4] == 2, bytes[5] == 1 || bytes[5] == 2
    else { return nil }
    let words = ELFWords(is64Bit: bytes[4] == 2, isBigEndian: bytes[5] == 2)
    guard bytes.count >= words.headerSize else { return nil }
    self.words = words
    let wide = words.is64Bit
    (kind, machine, entry, segmentOffset, sectionOffset) = bytes.withUnsafeBytes { raw in
      (
        words.half(raw, 16), words.half(raw, 18), words.native(raw, 24),
        words.native(raw, wide ? 32 : 28),
        words.native(raw, wide ? 40 : 32)
      )
    }
    let counts = bytes.withUnsafeBytes { raw in
      (0..<5).map { Int(words.half(raw, (wide ? 54 : 42) + $0 * 2)) }
    }
    segmentEntrySize = counts[0]
    segmentCount = counts[1]
    sectionEntrySize = counts[2]
    sectionCount = counts[3]
    sectionNameIndex = counts[4]
  }
}
