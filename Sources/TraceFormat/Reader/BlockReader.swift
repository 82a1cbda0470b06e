/// Reads single blocks and verifies their integrity.
struct BlockReader: ~Copyable {
  let source: TraceBytes
  /// File identifier that every block header must carry; nil while unknown (damaged file header).
  var fileID: UInt32?
  /// Header and payload of the most recently read block.
  private var buffer = GrowingBuffer<UInt8>(capacity: 64 << 10)
  /// For decoding the blocks read.
  var room = EventBlock.DecodingRoom()

  init(source: TraceBytes, fileID: UInt32? = nil) {
    self.source = source
    self.fileID = fileID
  }

  enum Outcome {
    case whole(BlockHeader)
    /// The header is intact, but the payload does not match its checksum.
    case damagedPayload(BlockHeader)
    /// The header is intact, but the block extends beyond the end of the file.
    case cut(BlockHeader)
    /// There is no complete header, or the header breaks the given rule.
    case noHeader(FormatRule)
  }

  /// Payload of the most recently read block.
  var payload: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: buffer.rawBytes[FileLayout.blockHeaderBytes...])
  }

  mutating func read(at offset: UInt64) throws(FormatError) -> Outcome {
    let headerBytes = FileLayout.blockHeaderBytes
    buffer.count = try source.read(at: offset, count: headerBytes, into: buffer.base)
    guard let header = BlockHeader(buffer.rawBytes, fileID: fileID) else { return .noHeader(.B1) }
    if let rule = header.brokenRule { return .noHeader(rule) }
    // Memory is allocated for the bytes present, not for the size that the header claims.
    let size = try source.size()
    guard offset + UInt64(headerBytes + header.payloadBytes) <= size else { return .cut(header) }
    buffer.reserve(headerBytes + header.payloadBytes)
    let count = try source.read(
      at: offset + UInt64(headerBytes), count: header.payloadBytes, into: buffer.base + headerBytes)
    buffer.count = headerBytes + count
    guard count == header.payloadBytes else { return .cut(header) }
    return checksum(payload) == header.payloadChecksum ? .whole(header) : .damagedPayload(header)
  }

  /// Reads only a block's header. Returns nil if it is not intact.
  mutating func readHeader(at offset: UInt64) throws(FormatError) -> BlockHeader? {
    try readHeader(at: offset, following: 0)
  }

  private mutating func readHeader(
    at offset: UInt64, following: Int
  ) throws(FormatError) -> BlockHeader? {
    let size = FileLayout.blockHeaderBytes + following
    buffer.reserve(size)
    buffer.count = try source.read(at: offset, count: size, into: buffer.base)
    return BlockHeader(buffer.rawBytes, fileID: fileID)
  }

  /// Reads the header of an event block, and whether its directory has these event types and
  /// numbers of events, in any order. Returns nil if the header is not intact.
  mutating func readEventHeader(
    at offset: UInt64, _ refs: ArraySlice<UInt16>, _ counts: ArraySlice<UInt32>
  ) throws(FormatError) -> (header: BlockHeader, hasTypes: Bool)? {
    let line = SectionEntry.byteCount
    let directory = 4 + (refs.count + 1) * line
    guard let header = try readHeader(at: offset, following: directory) else { return nil }
    let bytes = buffer.rawBytes
    let start = FileLayout.blockHeaderBytes
    guard directory <= header.payloadBytes, bytes.count == start + directory,
      Int(bytes.word32(start)) == refs.count + 1
    else { return (header, false) }
    // The common section comes first.
    let lines = stride(from: start + 4 + line, to: bytes.count, by: line)
    let isInOrder = zip(lines, zip(refs, counts)).allSatisfy { position, type in
      bytes.word16(position) == type.0 && bytes.word32(position + 4) == type.1
    }
    if isInOrder { return (header, true) }
    let found = lines.map { (bytes.word16($0), bytes.word32($0 + 4)) }
    return (header, Dictionary(found) { $1 } == Dictionary(zip(refs, counts)) { $1 })
  }

  /// Returns the offset of the first intact block header at or after `start`.
  mutating func findHeader(from start: UInt64) throws(FormatError) -> UInt64? {
    let window = 256 << 10
    buffer.reserve(window)
    var position = start
    while true {
      buffer.count = try source.read(at: position, count: window, into: buffer.base)
      let bytes = buffer.rawBytes
      guard bytes.count >= FileLayout.blockHeaderBytes else { return nil }
      let last = bytes.count - FileLayout.blockHeaderBytes
      var offset = 0
      while offset <= last {
        if bytes[offset] == UInt8(truncatingIfNeeded: FileLayout.blockMark),
          let header = BlockHeader(
            UnsafeRawBufferPointer(rebasing: bytes[offset...]), fileID: fileID),
          header.brokenRule == nil
        {
          return position + UInt64(offset)
        }
        offset += 1
      }
      position += UInt64(last + 1)
    }
  }
}
