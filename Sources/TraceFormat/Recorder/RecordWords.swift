public import TraceEvents

/// A buffer in which an event is encoded into the words of a record: its fields, followed by its
/// stack.
///
/// - Cost: no allocation in the steady state.
@usableFromInline
package struct RecordWords: ~Copyable {
  @usableFromInline var room: UnsafeMutableRawBufferPointer
  /// Number of words in the most recent record.
  package private(set) var count = 0

  /// Maximum size of an event's fields in bytes.
  package static let bytesMax = 1 << 20

  package init() { room = .allocate(byteCount: 4096, alignment: 8) }

  deinit { room.deallocate() }

  /// The most recent record.
  package var words: UnsafePointer<UInt64> {
    UnsafePointer(room.baseAddress!.assumingMemoryBound(to: UInt64.self))
  }

  /// Writes an event's fields. `encode` runs again if they need more room.
  ///
  /// - Returns: false if they exceed ``bytesMax``.
  @inlinable
  package mutating func write(_ encode: (inout EventEncoder) -> Void) -> Bool {
    while true {
      var encoder = EventEncoder(room)
      encode(&encoder)
      if !encoder.isOverflowing {
        setByteCount(encoder.byteCount)
        return true
      }
      guard makeRoom(encoder.byteCount) else { return false }
    }
  }

  @usableFromInline
  mutating func setByteCount(_ bytes: Int) { count = bytes / 8 }

  /// Discards the record.
  @usableFromInline
  mutating func makeRoom(_ bytes: Int) -> Bool {
    count = 0
    guard bytes <= Self.bytesMax else { return false }
    grow(to: bytes)
    return true
  }

  /// Appends the stack's addresses, innermost first.
  package mutating func append(stack: UnsafeBufferPointer<UInt64>) {
    guard let addresses = stack.baseAddress else { return }
    let bytes = (count + stack.count) * 8
    if bytes > room.count { grow(to: bytes) }
    room.baseAddress!.advanced(by: count * 8)
      .copyMemory(from: addresses, byteCount: stack.count * 8)
    count += stack.count
  }

  private mutating func grow(to bytes: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(bytes, room.count * 2), alignment: 8)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<(count * 8)]))
    room.deallocate()
    room = larger
  }
}
