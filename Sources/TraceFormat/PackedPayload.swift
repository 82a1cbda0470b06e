/// Payload of every kind of block except events and end: a size, then the content, compressed if
/// that makes it smaller.
enum PackedPayload {
  /// Compression (1 byte), reserved (3), content size (4).
  static let headerBytes = 8

  static func append(
    _ content: UnsafeRawBufferPointer, to target: inout GrowingBuffer<UInt8>,
    _ compressor: inout Compressor
  ) {
    let start = target.count
    target.extend(headerBytes).update(repeating: 0, count: headerBytes)
    let isCompressed = compressor.append(content, to: &target)
    let header = UnsafeMutableRawPointer(target.base + start)
    header.storeBytes(of: isCompressed ? 1 : 0, as: UInt8.self)
    header.store(word32: UInt32(content.count), at: 4)
  }

  /// Returns the content, which lies in `room` if it was compressed.
  ///
  /// - Throws: if the payload is not a packed payload, or its content exceeds `limit`.
  static func content(
    of payload: UnsafeRawBufferPointer, room: inout GrowingBuffer<UInt8>, limit: Int
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    guard payload.count >= headerBytes else {
      throw .malformed(FormatViolation(.P1, "payload of \(payload.count) bytes"))
    }
    let size = Int(payload.word32(4))
    let stored = UnsafeRawBufferPointer(rebasing: payload[headerBytes...])
    guard payload[0] <= 1 else {
      throw .malformed(FormatViolation(.P1, "unknown compression \(payload[0])"))
    }
    guard size <= limit else {
      throw .malformed(FormatViolation(.Z1, "content of \(size) bytes", offset: 4))
    }
    if payload[0] == 0, size == stored.count { return stored }
    // LZ4 expands at most 255 times: larger claims are rejected before memory is allocated.
    if payload[0] == 1, size <= stored.count * 255 {
      room.count = 0
      room.reserve(size)
      room.count = size
      let target = UnsafeMutableRawBufferPointer(start: room.base, count: size)
      if decompress(stored, into: target) { return room.rawBytes }
    }
    throw .malformed(FormatViolation(.P2, "payload does not decompress", offset: 4))
  }
}
