internal import CZlib

/// The bytes of a file, inflated if gzip compressed them.
///
/// - Guarantee: never more than a limit, whatever the compressed bytes claim.
struct GzipBytes {
  private(set) var bytes: [UInt8] = []
  /// Whether the compressed bytes end too early or are damaged.
  private(set) var isBroken = false
  /// Whether there are more bytes than the limit.
  private(set) var isCut = false
  private let limit: Int

  private static let roomBytes = 64 << 10

  static func isCompressed(_ prefix: UnsafeRawBufferPointer) -> Bool {
    prefix.count > 2 && prefix[0] == 0x1f && prefix[1] == 0x8b
  }

  /// Reads a whole source.
  init(_ source: ImportSource, limit: Int) {
    self.limit = limit
    let start = source.bytes(at: 0, count: 3, limit: 3)
    guard start.withUnsafeBytes(Self.isCompressed) else {
      bytes = source.bytes(at: 0, count: source.byteCount, limit: limit)
      isCut = source.byteCount > UInt64(bytes.count)
      return
    }
    var offset: UInt64 = 0
    inflateAll {
      let part = source.bytes(at: offset, count: UInt64(Self.roomBytes), limit: Self.roomBytes)
      offset += UInt64(part.count)
      return part
    }
  }

  /// Inflates the beginning of a file.
  init(prefix: UnsafeRawBufferPointer, limit: Int) {
    self.limit = limit
    var part = Array(prefix)
    inflateAll {
      defer { part = [] }
      return part
    }
  }

  private mutating func inflateAll(_ next: () -> [UInt8]) {
    var stream = z_stream()
    // 16 added to the size of the window chooses gzip.
    let begun = inflateInit2_(
      &stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard begun == Z_OK else {
      isBroken = true
      return
    }
    defer { inflateEnd(&stream) }
    let room = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.roomBytes)
    defer { room.deallocate() }
    while true {
      var input = next()
      guard !input.isEmpty else {
        isBroken = true
        return
      }
      let code = input.withUnsafeMutableBufferPointer { input in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        return drain(&stream, room)
      }
      if code == Z_STREAM_END || isCut { return }
      guard code == Z_OK || code == Z_BUF_ERROR else {
        isBroken = true
        return
      }
    }
  }

  /// Inflates what the stream has.
  private mutating func drain(
    _ stream: inout z_stream, _ room: UnsafeMutableBufferPointer<UInt8>
  ) -> Int32 {
    while true {
      stream.next_out = room.baseAddress
      stream.avail_out = UInt32(room.count)
      let code = inflate(&stream, Z_NO_FLUSH)
      let count = room.count - Int(stream.avail_out)
      let kept = min(count, limit - bytes.count)
      bytes.append(contentsOf: room[..<kept])
      if kept < count { isCut = true }
      if code != Z_OK || stream.avail_out > 0 || isCut { return code }
    }
  }
}
