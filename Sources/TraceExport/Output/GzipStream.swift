internal import CZlib
internal import Glibc

/// Compresses a stream of bytes to gzip.
///
/// - Guarantee: the same bytes give the same output: the header has no name and no time.
/// - Cost: about 300 KB of memory.
struct GzipStream: ~Copyable {
  private static let roomBytes = 64 << 10
  private let stream: UnsafeMutablePointer<z_stream>
  private let room: UnsafeMutablePointer<UInt8>
  /// Whether zlib had no memory. Nothing is then written, and the output must count as failed.
  private(set) var hasFailed = false

  /// - Parameter level: from 1, fast, to 9, small.
  init(level: Int32 = 4) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    room = .allocate(capacity: Self.roomBytes)
    // 16 added to the size of the window chooses gzip.
    let code = deflateInit2_(
      stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    hasFailed = code != Z_OK
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
    room.deallocate()
  }

  /// Compresses bytes; `isLast` ends the stream.
  mutating func write(_ bytes: [UInt8], isLast: Bool = false, to output: inout OutputBuffer) {
    if hasFailed { return output.fail(ENOMEM) }
    var input = bytes
    input.withUnsafeMutableBufferPointer { input in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(clamping: input.count)
      while output.failure == 0 {
        stream.pointee.next_out = room
        stream.pointee.avail_out = UInt32(Self.roomBytes)
        let code = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
        let count = Self.roomBytes - Int(stream.pointee.avail_out)
        output.append(ByteSlice(start: UnsafePointer(room), count: count))
        if code == Z_STREAM_END || (count < Self.roomBytes && !isLast) { return }
        if code != Z_OK && code != Z_BUF_ERROR { return output.fail(EIO) }
      }
    }
  }
}
