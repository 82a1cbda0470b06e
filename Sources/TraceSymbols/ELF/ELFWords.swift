/// Reads integers in the format of an ELF file: 32 or 64 bits, either byte order.
struct ELFWords: Hashable, Sendable {
  var is64Bit: Bool
  var isBigEndian: Bool

  // The caller must check the bounds.

  func half(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt16 {
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    return isBigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value)
  }

  func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
  }

  func double(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    return isBigEndian ? UInt64(bigEndian: value) : UInt64(littleEndian: value)
  }

  /// An address, offset or size, in the width of the file's class.
  func native(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    is64Bit ? double(bytes, offset) : UInt64(word(bytes, offset))
  }

  // Sizes of the structures in the specification.
  var headerSize: Int { is64Bit ? 64 : 52 }
  var segmentSize: Int { is64Bit ? 56 : 32 }
  var sectionSize: Int { is64Bit ? 64 : 40 }
  var symbolSize: Int { is64Bit ? 24 : 16 }
  var nativeSize: Int { is64Bit ? 8 : 4 }
}
