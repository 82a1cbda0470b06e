internal import CLZMA

extension ELFSymbolReader {
  /// The ELF file inside `.gnu_debugdata`, which distributions keep in stripped programs: an
  /// xz-compressed table of the symbols that `.dynsym` lacks.
  mutating func packedSymbols() -> ELFFile? {
    guard let section = image.section(named: ".gnu_debugdata") else { return nil }
    let packed = image.contents(of: section, limit: SymbolLimits.packedSymbolBytes)
    guard let bytes = XZ.decompress(packed, limit: SymbolLimits.unpackedSymbolBytes),
      let file = try? ELFFile(ByteSource(bytes), path: section.name)
    else {
      warn(.compression(section.name))
      return nil
    }
    return file
  }
}

/// The xz format.
enum XZ {
  /// Nil if the bytes are damaged, decompress to more than `limit`, or need more memory for
  /// decompression than `SymbolLimits` allows.
  static func decompress(_ packed: [UInt8], limit: Int) -> [UInt8]? {
    // The length stated in the stream may be wrong, so the output grows as needed.
    var capacity = min(max(packed.count * 4, 4096), limit)
    var output: [UInt8] = []
    var stream = lzma_stream()
    guard
      lzma_stream_decoder(&stream, SymbolLimits.decompressionMemory, 0)
        == LZMA_OK
    else { return nil }
    defer { lzma_end(&stream) }
    return packed.withUnsafeBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = input.count
      while true {
        var result = LZMA_OK
        let piece = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
          stream.next_out = buffer.baseAddress
          stream.avail_out = buffer.count
          result = lzma_code(&stream, LZMA_FINISH)
          count = buffer.count - stream.avail_out
        }
        output = output.isEmpty ? piece : output + piece
        if result == LZMA_STREAM_END { return output }
        guard result == LZMA_OK, output.count < limit, stream.avail_out == 0 else { return nil }
        capacity = min(output.count, limit - output.count)
      }
    }
  }
}
