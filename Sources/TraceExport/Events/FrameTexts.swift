internal import TraceAnalysis

/// Frames rendered in one format. The frames of a trace repeat, and copying a text costs a small
/// part of rendering it.
///
/// - Guarantee: texts stay in place until ``forgetAll()``.
/// - Cost: a probe of a table. At most 2 MB for the table; texts take memory until the owner calls
///   ``forgetAll()``, which it does when ``isFull``.
final class FrameTexts {
  /// What a frame's text depends on.
  struct Key: Equatable, BitwiseCopyable {
    let address: UInt64
    /// Offset from the symbol's start; for a frame without a name, its module.
    let offset: UInt64
    /// Number of the symbol, or of the reason for a missing name.
    let value: UInt32
    /// Kind of the answer, its certainty, and whether it is provisional.
    let kind: UInt32

    init(_ address: UInt64, _ resolution: Resolution, isProvisional: Bool) {
      self.address = address
      let mark: UInt32 = isProvisional ? 1 : 0
      switch resolution {
      case .symbol(let id, let offset, let certainty):
        (self.offset, value) = (offset, id.rawValue)
        kind = 4 | UInt32(certainty.rawValue) << 3 | mark
      case .unresolved(let reason, let module):
        offset = module.map { UInt64($0.rawValue) } ?? .max
        value = UInt32(reason.rawValue)
        kind = 2 | mark
      }
    }
  }

  /// Bytes of texts beyond which ``isFull``.
  static let bytesMax = 8 << 20
  private static let chunkBytes = 1 << 20
  private static let bits: UInt64 = 15

  private struct Entry: BitwiseCopyable {
    var key: Key
    var text: ByteSlice
  }

  /// Each key has one place, where the latest text replaces the former.
  private let entries: UnsafeMutablePointer<Entry?>
  private var chunks: [UnsafeMutablePointer<UInt8>] = []
  /// Position of the next text in the last chunk, and the bytes left there.
  private var end = UnsafeMutablePointer<UInt8>(bitPattern: 8)!
  private var room = 0
  private var bytes = 0

  init() {
    entries = .allocate(capacity: 1 << Int(Self.bits))
    entries.initialize(repeating: nil, count: 1 << Int(Self.bits))
  }

  deinit {
    entries.deallocate()
    for chunk in chunks { chunk.deallocate() }
  }

  var isFull: Bool { bytes > Self.bytesMax }

  /// Discards all texts.
  func forgetAll() {
    guard bytes > 0 else { return }
    entries.update(repeating: nil, count: 1 << Int(Self.bits))
    for chunk in chunks { chunk.deallocate() }
    (chunks, room, bytes) = ([], 0, 0)
  }

  @inline(__always)
  private func place(_ key: Key) -> UnsafeMutablePointer<Entry?> {
    let mixed = (key.address ^ UInt64(key.value) &<< 32 ^ UInt64(key.kind)) &* 0x9e37_79b9_7f4a_7c15
    return entries + Int(truncatingIfNeeded: mixed &>> (64 &- Self.bits))
  }

  @inline(__always)
  func text(_ key: Key) -> ByteSlice? {
    guard let entry = place(key).pointee, entry.key == key else { return nil }
    return entry.text
  }

  /// Keeps a copy of the bytes in `rendered`, and returns it.
  func keep(_ key: Key, _ rendered: borrowing OutputBuffer) -> ByteSlice {
    // Bytes behind the text may be read together with it.
    let size = rendered.count + ByteSlice.padding
    if size > room {
      room = max(size, Self.chunkBytes)
      chunks.append(.allocate(capacity: room))
      end = chunks[chunks.count - 1]
    }
    end.update(from: rendered.base, count: rendered.count)
    (end + rendered.count).update(repeating: 0, count: ByteSlice.padding)
    let text = ByteSlice(start: UnsafePointer(end), count: rendered.count)
    end += size
    room -= size
    bytes += size
    place(key).pointee = Entry(key: key, text: text)
    return text
  }
}
