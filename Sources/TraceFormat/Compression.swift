internal import CLZ4

/// LZ4's working memory (16 KB), reused between calls.
struct Compressor: ~Copyable {
  private let state: UnsafeMutableRawPointer

  init() {
    state = .allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)
  }

  deinit { state.deallocate() }

  /// Inputs smaller than this rarely compress: a match hardly saves more bytes than it costs.
  static let worthwhileBytes = 48

  /// Appends `source`, compressed if that makes it smaller. Returns whether it was compressed.
  mutating func append(
    _ source: UnsafeRawBufferPointer, to target: inout GrowingBuffer<UInt8>
  ) -> Bool {
    if source.count >= Self.worthwhileBytes {
      let start = target.count
      let bound = source.count - 1
      let room = target.extend(bound)
      let size = LZ4_compress_fast_extState(
        state, source.baseAddress!.assumingMemoryBound(to: CChar.self),
        UnsafeMutableRawPointer(room).assumingMemoryBound(to: CChar.self), Int32(source.count),
        Int32(bound), 1)
      if size > 0 {
        target.count = start + Int(size)
        return true
      }
      target.count = start
    }
    target.append(source)
    return false
  }
}

/// Decompresses LZ4 block `source` into `target`. Returns false unless the result has exactly the
/// size of `target`.
func decompress(
  _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
) -> Bool {
  guard let input = source.baseAddress, let output = target.baseAddress else { return false }
  let size = LZ4_decompress_safe(
    input.assumingMemoryBound(to: CChar.self), output.assumingMemoryBound(to: CChar.self),
    Int32(source.count), Int32(target.count))
  return Int(size) == target.count
}
