internal import TraceEvents

// Opening: by the index where there is one, else by a scan.

extension TraceFile {
  /// False when the first 32 bytes are not a file header.
  func readFileHeader() throws(FormatError) -> Bool {
    var bytes = GrowingBuffer<UInt8>(capacity: FileLayout.fileHeaderBytes)
    bytes.count = try source.read(at: 0, count: FileLayout.fileHeaderBytes, into: bytes.base)
    guard let header = FileHeader(bytes.rawBytes) else {
      // Blocks stand on their own: look for them from the very beginning.
      scan = BlockScan(position: 0)
      return false
    }
    guard header.versionMajor == FileLayout.versionMajor else {
      throw .unsupportedVersion(major: header.versionMajor, minor: header.versionMinor)
    }
    version = "\(header.versionMajor).\(header.versionMinor)"
    reader.fileID = header.fileID
    return true
  }

  /// Opens by the closing index; false when there is none, or it is not whole.
  func readIndex() throws(FormatError) -> Bool {
    let endBytes = UInt64(FileLayout.blockHeaderBytes + FileLayout.endPayloadBytes)
    let size = try source.size()
    guard reader.fileID != nil, size >= UInt64(FileLayout.fileHeaderBytes) + endBytes,
      case .whole(let end) = try reader.read(at: size - endBytes), end.kind == BlockKind.end,
      end.payloadBytes == FileLayout.endPayloadBytes
    else { return false }
    let offset = reader.payload.word64(0)
    guard reader.payload.word64(8) == size - endBytes, offset < size - endBytes,
      case .whole(let header) = try reader.read(at: offset), header.kind == BlockKind.index,
      offset + UInt64(FileLayout.blockHeaderBytes + header.payloadBytes) == size - endBytes
    else { return false }
    do throws(FormatError) {
      let content = try unpack(reader.payload, limit: FileLayout.indexPayloadBytesMax)
      try absorbIndex(content, end: offset)
    } catch {
      // Checksummed and yet nonsense: the blocks themselves may do better.
      definitions = Definitions()
      return false
    }
    scan = BlockScan(position: size)
    isComplete = true
    return true
  }

  func absorbIndex(_ content: UnsafeRawBufferPointer, end: UInt64) throws(FormatError) {
    var reader = ByteReader(content)
    var metadata = UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(ByteCodingError) {
      let metadataBytes = try reader.readCount(limit: reader.remaining)
      metadata = try reader.readBytes(metadataBytes)
      let syncs = try [ClockSync](from: &reader, limit: FileLayout.syncsMax)
      let losses = try [LossRecord](from: &reader, limit: FileLayout.lossTotalsMax)
      let index = try BlockIndex(from: &reader, end: end)
      self.syncs = syncs
      self.index = index
      ledger = LossLedger()
      for loss in losses { ledger.add(loss) }
    } catch {
      throw .malformed(FormatViolation(error, in: "index"))
    }
    try definitions.absorb(metadata)
  }

  /// The content of a packed payload. Valid until the next call, or the next block is read.
  func unpack(
    _ payload: UnsafeRawBufferPointer, limit: Int = FileLayout.decodedBytesMax
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    guard let content = PackedPayload.content(of: payload, room: &unpackRoom, limit: limit) else {
      throw .malformed(FormatViolation(what: "payload does not decompress", offset: 0))
    }
    return content
  }

  /// Walks over the blocks that have not been looked at.
  func scanForward() throws(FormatError) {
    tail = nil
    while true {
      switch try scan.next(&reader) {
      case .block(let header, let offset):
        // Without a file header, the first whole block says which blocks belong together.
        if reader.fileID == nil { reader.fileID = header.fileID }
        do throws(FormatError) {
          try absorb(header, at: offset)
        } catch {
          note(error, header, at: offset)
        }
      case .damage(let found):
        noted.append(found)
      case .end(let found):
        tail = found
        return
      }
    }
  }

  /// Takes in what a whole block says about the trace.
  private func absorb(_ header: BlockHeader, at offset: UInt64) throws(FormatError) {
    var types: [(ref: UInt16, count: Int)] = []
    switch header.kind {
    case BlockKind.metadata:
      try definitions.absorb(try unpack(reader.payload))
    case BlockKind.events:
      let directory = try SectionDirectory(reader.payload, eventCount: header.count)
      types = directory.entries.dropFirst().map { (ref: $0.ref, count: $0.eventCount) }
    case BlockKind.clock:
      let found = try table(reader.payload) { (reader) throws(ByteCodingError) in
        try [ClockSync](from: &reader, limit: FileLayout.recordsPerBlockMax)
      }
      syncs.append(contentsOf: found.prefix(FileLayout.syncsMax - syncs.count))
    case BlockKind.losses:
      for loss in try readLosses(reader.payload) { ledger.add(loss) }
    case BlockKind.end:
      isComplete = true
    default:
      break
    }
    // An index is of no use to a scan, but its copy of the metadata may replace a damaged block.
    if header.kind == BlockKind.index { try absorbMetadataOfIndex() }
    guard header.kind != BlockKind.index, header.kind != BlockKind.end else { return }
    index.append(
      offset: offset, kind: header.kind, payloadBytes: header.payloadBytes, count: header.count,
      first: header.first, last: header.last, types: types)
  }

  private func absorbMetadataOfIndex() throws(FormatError) {
    let content = try unpack(reader.payload, limit: FileLayout.indexPayloadBytesMax)
    var reader = ByteReader(content)
    var metadata = UnsafeRawBufferPointer(start: nil, count: 0)
    do throws(ByteCodingError) {
      let metadataBytes = try reader.readCount(limit: reader.remaining)
      metadata = try reader.readBytes(metadataBytes)
    } catch {
      throw .malformed(FormatViolation(error, in: "index"))
    }
    try definitions.absorb(metadata)
  }

  /// Reads a block's table.
  func table<Rows>(
    _ payload: UnsafeRawBufferPointer,
    _ read: (inout ByteReader) throws(ByteCodingError) -> Rows
  ) throws(FormatError) -> Rows {
    var reader = ByteReader(try unpack(payload))
    do throws(ByteCodingError) {
      let rows = try read(&reader)
      guard reader.remaining == 0 else { throw reader.error(.tooLong(limit: reader.offset)) }
      return rows
    } catch {
      throw .malformed(FormatViolation(error, in: "table"))
    }
  }

  func readLosses(_ payload: UnsafeRawBufferPointer) throws(FormatError) -> [LossRecord] {
    try table(payload) { (reader) throws(ByteCodingError) in
      try [LossRecord](from: &reader, limit: FileLayout.recordsPerBlockMax)
    }
  }

  /// Lists a block whose content breaks the format as damage.
  func note(_ error: FormatError, _ header: BlockHeader, at offset: UInt64) {
    note("\(BlockKind.name(header.kind)): \(error)", offset, payloadBytes: header.payloadBytes)
  }

  /// Lists a block as damage, once.
  func note(_ what: String, _ offset: UInt64, payloadBytes: Int) {
    guard !noted.contains(where: { $0.offset == offset && $0.byteCount > 0 }) else { return }
    noted.append(
      Damage(
        offset: offset, byteCount: UInt64(FileLayout.blockHeaderBytes + payloadBytes),
        missingBlocks: 1, what: what))
  }

  /// Brings what is derived from the definitions and the index up to date.
  func settle() {
    session = definitions.session ?? Self.unknownSession(syncs: syncs)
    clock = ClockMap(session: session, syncs: syncs)
    lossTotals = ledger.totals
    eventTypes = definitions.refs.enumerated().compactMap { position, ref in
      definitions.schemas[ref].map {
        EventType(index: position, ref: ref, schema: $0, count: index.eventTotals[ref] ?? 0)
      }
    }
  }

  /// What to assume when the record that describes the session is lost.
  static func unknownSession(syncs: [ClockSync]) -> SessionDescription {
    let start =
      syncs.first
      ?? ClockSync(ticks: 0, monotonicNanoseconds: 0, realtimeNanoseconds: 0)
    return SessionDescription(
      name: "", clock: .counter, ticksPerSecond: 1_000_000_000, start: start)
  }
}

extension TraceFile {
  /// Why a file without a block is no trace, as far as its first bytes tell.
  func notATrace() throws(FormatError) -> FormatError {
    var bytes = GrowingBuffer<UInt8>(capacity: ForeignFile.prefixBytes)
    bytes.count = try source.read(at: 0, count: ForeignFile.prefixBytes, into: bytes.base)
    guard let file = ForeignFile(prefix: Array(bytes.rawBytes)) else {
      return .notATrace(path: path)
    }
    return .foreignFile(path: path, file)
  }
}
