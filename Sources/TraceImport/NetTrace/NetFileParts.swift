/// Reads parts of a file of any size.
final class NetFileParts: NetByteSource {
  private let source: ImportSource
  private let window: ImportWindow
  private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init(_ source: ImportSource) {
    self.source = source
    window = ImportWindow(source)
  }

  deinit { room.deallocate() }

  var byteCount: UInt64 { source.byteCount }
  var blockBytesMax: Int { .max }

  /// Bytes of the file, valid until the next call; fewer at its end.
  func load(_ offset: UInt64, _ count: Int) -> UnsafeRawBufferPointer {
    if let bytes = window.bytes(at: offset, count: count) { return bytes }
    if room.count < count {
      room.deallocate()
      room = .allocate(byteCount: count, alignment: 8)
    }
    let target = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
    return UnsafeRawBufferPointer(rebasing: room[..<source.read(at: offset, into: target)])
  }
}
