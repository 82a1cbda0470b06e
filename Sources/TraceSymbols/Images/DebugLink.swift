internal import OSStrings

/// `.gnu_debuglink`: the name of an image's debug file, and its checksum.
struct DebugLink: Hashable {
  var name: String
  var checksum: UInt32

  /// Nil if there is none or the name contains a directory.
  init?(_ image: ELFFile) {
    guard let section = image.section(named: ".gnu_debuglink") else { return nil }
    let bytes = image.contents(of: section, limit: 4096)
    guard let end = bytes.firstIndex(of: 0), end > 0 else { return nil }
    let offset = (end + 4) / 4 * 4
    guard offset + 4 <= bytes.count, !bytes[..<end].contains(UInt8(ascii: "/")) else { return nil }
    name = String(osBytes: bytes[..<end])
    checksum = bytes.withUnsafeBytes { image.header.words.word($0, offset) }
  }
}

/// The checksum of Ethernet, zip and debug links.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xedb8_8320
    }
  }

  static func checksum(of source: ByteSource) -> UInt32 {
    var crc = ~UInt32(0)
    var offset: UInt64 = 0
    while offset < source.count {
      let chunk = source.read(at: offset, count: SymbolLimits.chunkBytes)
      if chunk.isEmpty { break }
      table.withUnsafeBufferPointer { table in
        for byte in chunk { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
      }
      offset += UInt64(chunk.count)
    }
    return ~crc
  }
}
