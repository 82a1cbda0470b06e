/// The payload of every kind of block but events and end: a size, then the content, compressed
/// where that makes it smaller.
enum PackedPayload {
  /// Compression (1 byte), reserved (3), size of the content (4).
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

  /// The content, in `room` when it was compressed; nil when the payload is not one.
  static func content(
    of payload: UnsafeRawBufferPointer, room: inout GrowingBuffer<UInt8>, limit: Int
  ) -> UnsafeRawBufferPointer? {
    guard payload.count >= headerBytes else { return nil }
    let size = Int(payload.word32(4))
    let stored = UnsafeRawBufferPointer(rebasing: payload[headerBytes...])
    switch payload[0] {
    case 0:
      return size == stored.count ? stored : nil
    case 1:
      // LZ4 cannot expand more than 255 times: what claims to is not worth the memory.
      guard size <= limit, size <= stored.count * 255 else { return nil }
      room.count = 0
      room.reserve(size)
      room.count = size
      return decompress(stored, into: UnsafeMutableRawBufferPointer(start: room.base, count: size))
        ? room.rawBytes : nil
    default:
      return nil
    }
  }
}
