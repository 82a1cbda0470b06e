internal import TraceEvents

// Opening a file: by its index if it has one, otherwise by a scan.

extension TraceFile {
  /// Reads the file header. Returns false if the first 32 bytes are not one.
  func readFileHeader() throws(FormatError) -> Bool {
    var bytes = GrowingBuffer<UInt8>(capacity: FileLayout.fileHeaderBytes)
    bytes.count = try source.read(at: 0, count: FileLayout.fileHeaderBytes, into: bytes.base)
    guard let header = FileHeader(bytes.rawBytes) else {
      // Blocks are self-contained: the scan looks for them from the first byte.
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

  /// Reads the closing index. Returns false if there is none or it breaks a rule.
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
      try absorbIndex(content, end: offset, count: header.count)
    } catch {
      // The blocks themselves may still be intact. The scan lists the index as damaged.
      return false
    }
    scan = BlockScan(position: size)
    isComplete = true
    isIndexed = true
    return true
  }

  /// Adopts the whole content of an index, or nothing if it breaks a rule.
  func absorbIndex(
    _ content: UnsafeRawBufferPointer, end: UInt64, count: Int? = nil
  ) throws(FormatError) {
    let found = try IndexContent(content, end: end)
    if let count, count != found.index.blocks.count {
      throw .malformed(FormatViolation(.B6, "index of \(found.index.blocks.count) blocks"))
    }
    definitions = found.definitions
    syncs = found.syncs
    index = found.index
    ledger = found.ledger
  }

  /// Returns the content of a packed payload. Valid until the next call or until the next block is
  /// read.
  func unpack(
    _ payload: UnsafeRawBufferPointer, limit: Int = FileLayout.decodedBytesMax
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    try PackedPayload.content(of: payload, room: &unpackRoom, limit: limit)
  }

  /// Scans the blocks that have not been scanned yet.
  func scanForward() throws(FormatError) {
    tail = nil
    while true {
      switch try scan.next(&reader) {
      case .block(let header, let offset):
        // Without a file header, the first intact block supplies the file's identifier.
        if reader.fileID == nil { reader.fileID = header.fileID }
        do throws(FormatError) {
          try absorb(header, at: offset)
          try inspect?(header, offset)
        } catch {
          guard case .malformed = error else { throw error }
          note(error, header, at: offset)
        }
      case .damage(let found):
        log.add(found)
      case .end(let found):
        tail = found
        return
      }
    }
  }

  /// Reads the table that the block contains.
  func table<Rows>(
    _ payload: UnsafeRawBufferPointer,
    _ read: (inout ByteReader) throws(ByteCodingError) -> Rows
  ) throws(FormatError) -> Rows {
    var reader = ByteReader(try unpack(payload))
    do throws(ByteCodingError) {
      let rows = try read(&reader)
      try reader.expectEnd()
      return rows
    } catch {
      throw .malformed(FormatViolation(error, in: "table"))
    }
  }

  /// Lists a block whose content breaks the format as damage.
  func note(
    _ error: FormatError, _ header: BlockHeader, at offset: UInt64, eventCount: UInt64? = nil
  ) {
    var rule: FormatRule?
    if case .malformed(let violation) = error { rule = violation.rule }
    note(
      "\(BlockKind.name(header.kind)): \(error)", offset, payloadBytes: header.payloadBytes,
      rule: rule, eventCount: eventCount)
  }

  /// Lists a block as damage, once. `eventCount` is the number of its events that cannot be read;
  /// nil for all.
  func note(
    _ what: String, _ offset: UInt64, payloadBytes: Int, rule: FormatRule? = nil,
    eventCount: UInt64? = nil
  ) {
    log.add(
      Damage(
        offset: offset, byteCount: UInt64(FileLayout.blockHeaderBytes + payloadBytes),
        missingBlocks: 1, what: what, rule: rule),
      blockAt: offset, eventCount: eventCount)
  }

  /// Updates everything that is derived from the definitions and the index.
  func settle() {
    noteMissingSession()
    session = definitions.session ?? Self.unknownSession(syncs: syncs)
    clock = ClockMap(session: session, syncs: syncs)
    lossTotals = ledger.totals
    eventTypes = definitions.refs.enumerated().compactMap { position, ref in
      definitions.schemas[ref].map {
        EventType(index: position, ref: ref, schema: $0, count: index.eventTotals[ref] ?? 0)
      }
    }
  }

  /// Handles a missing session record: times are then ticks since the first clock sync.
  private func noteMissingSession() {
    let isMissing = definitions.session == nil && !index.blocks.isEmpty && log.entries.isEmpty
    guard isMissing, !isLive else { return }
    noteSession(missing: "no session record: times are not known")
  }

  /// No bytes are unreadable because of it.
  func noteSession(missing what: String) {
    log.add(
      Damage(
        offset: UInt64(FileLayout.fileHeaderBytes), byteCount: 0, missingBlocks: 0, what: what,
        rule: .M1))
  }

  /// Returns the session description to assume if the session record is lost.
  static func unknownSession(syncs: [ClockSync]) -> SessionDescription {
    let start =
      syncs.first
      ?? ClockSync(ticks: 0, monotonicNanoseconds: 0, realtimeNanoseconds: 0)
    return SessionDescription(
      name: "", clock: .counter, ticksPerSecond: 1_000_000_000, start: start)
  }
}

extension TraceFile {
  /// Returns the error for a file without a block, according to its first bytes.
  func notATrace() throws(FormatError) -> FormatError {
    var bytes = GrowingBuffer<UInt8>(capacity: ForeignFormat.prefixBytes)
    bytes.count = try source.read(at: 0, count: ForeignFormat.prefixBytes, into: bytes.base)
    guard let file = ForeignFormat(prefix: Array(bytes.rawBytes)) else {
      return .notATrace(path: path)
    }
    return .foreignFile(path: path, file)
  }
}
