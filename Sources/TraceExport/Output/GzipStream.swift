internal import CZlib
internal import Glibc

/// Compresses a stream of bytes to gzip. A stream of several parts is compressed on a thread of its
/// own, while the caller makes the next part.
///
/// - Guarantee: the same parts give the same output: the header has no name and no time.
/// - Cost: about 300 KB of memory, and at most ``GzipThread/waitingMax`` parts that wait.
struct GzipStream: ~Copyable {
  private let deflater: Deflater
  private var thread: GzipThread?
  private var isComplete = false

  /// - Parameter level: from 1, fast, to 9, small.
  init(level: Int32 = 4) { deflater = Deflater(level: level) }

  deinit { thread?.end() }

  /// Whether zlib had no memory. Nothing is then written, and the output must count as failed.
  var hasFailed: Bool { deflater.hasFailed }

  /// Compresses the bytes of a message; `isLast` ends the stream.
  mutating func write(
    _ message: ProtobufMessage, isLast: Bool = false, to output: inout OutputBuffer
  ) {
    if hasFailed { return output.fail(ENOMEM) }
    if isComplete { return output.fail(EIO) }
    isComplete = isLast
    if thread == nil, !isLast { thread = GzipThread(deflater) }
    guard let thread else {
      var result: [UInt8] = []
      let isDone = message.withBytes { deflater.write($0, isLast: isLast, to: &result) }
      return Self.append(isDone ? result : nil, to: &output)
    }
    thread.add(message, isLast: isLast)
    Self.append(thread.take(isAll: isLast), to: &output)
  }

  private static func append(_ result: [UInt8]?, to output: inout OutputBuffer) {
    guard let result else { return output.fail(EIO) }
    result.withUnsafeBytes { output.append(ByteSlice($0)) }
  }
}

/// A stream of zlib's.
///
/// Thread safety is not checked by the compiler: one thread at a time uses it.
final class Deflater: @unchecked Sendable {
  private static let roomBytes = 64 << 10
  private let stream: UnsafeMutablePointer<z_stream>
  private let room: UnsafeMutablePointer<UInt8>
  /// Whether zlib had no memory.
  let hasFailed: Bool

  init(level: Int32) {
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

  /// Appends what is complete of the compressed bytes to `result`. Returns false after an error.
  func write(_ input: UnsafeRawBufferPointer, isLast: Bool, to result: inout [UInt8]) -> Bool {
    // zlib does not change its input.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(clamping: input.count)
    while true {
      stream.pointee.next_out = room
      stream.pointee.avail_out = UInt32(Self.roomBytes)
      let code = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
      let count = Self.roomBytes - Int(stream.pointee.avail_out)
      result += UnsafeBufferPointer(start: room, count: count)
      if code == Z_STREAM_END || (count < Self.roomBytes && !isLast) { return true }
      if code != Z_OK && (code != Z_BUF_ERROR || count == 0) { return false }
    }
  }
}
