internal import TraceEvents

// Collection of the information in each block during a scan.

extension TraceFile {
  /// Adopts the information that an intact block has about the trace.
  func absorb(_ header: BlockHeader, at offset: UInt64) throws(FormatError) {
    // A live trace has no file header, so offsets in an index or an end block do not apply.
    if isLive, [BlockKind.index, BlockKind.end].contains(header.kind) {
      isComplete = header.kind == BlockKind.end
      return
    }
    if let closed = closingIndex, header.kind != BlockKind.end {
      note(
        "an index with blocks after it", closed.offset, payloadBytes: closed.header.payloadBytes,
        rule: .B8)
    }
    if header.kind == BlockKind.end {
      try absorbEnd(header, at: offset)
      return
    }
    closingIndex = nil
    if header.kind == BlockKind.index {
      closingIndex = (offset, header)
      try absorbIndexOfScan(header, at: offset)
      return
    }
    var types: [(ref: UInt16, count: Int)] = []
    var error: FormatError?
    do throws(FormatError) {
      types = try absorbContent(header, at: offset)
    } catch let failure {
      error = failure
    }
    // A block that breaks a rule is listed both as a block and as damage.
    if error == nil || header.kind != BlockKind.events {
      index.append(
        offset: offset, kind: header.kind, payloadBytes: header.payloadBytes, count: header.count,
        first: header.first, last: header.last, types: types)
    }
    if let error { throw error }
  }

  private func absorbContent(
    _ header: BlockHeader, at offset: UInt64
  ) throws(FormatError) -> [(ref: UInt16, count: Int)] {
    switch header.kind {
    case BlockKind.metadata:
      let (count, beginsWithSession) = try definitions.absorb(try unpack(reader.payload))
      try expect(count, header)
      if header.sequence == 0, !beginsWithSession, !isLive {
        noteSession(missing: "no session record at the start")
      }
    case BlockKind.events:
      let directory = try SectionDirectory(reader.payload, eventCount: header.count)
      return directory.entries.dropFirst().map { (ref: $0.ref, count: $0.eventCount) }
    case BlockKind.stacks:
      guard stackIDs.append(position: 0, header) else {
        let isPossible = StackEpochs.isPossible(header)
        throw .malformed(
          FormatViolation(isPossible ? .S2 : .S1, "ids \(header.first) to \(header.last)"))
      }
    case BlockKind.clock:
      try absorbClock(header)
    case BlockKind.losses:
      lossRecordCount += header.count
      guard lossRecordCount <= FileLayout.lossRecordsMax else {
        throw .malformed(FormatViolation(.Z2, "\(lossRecordCount) loss records"))
      }
      for loss in try readLosses(header) { ledger.add(loss) }
    default:
      break
    }
    return []
  }

  /// Clock syncs beyond the limit are not read: a few bytes may encode a very large number of them.
  private func absorbClock(_ header: BlockHeader) throws(FormatError) {
    let room = FileLayout.syncsMax - syncs.count
    guard room > 0 else { return }
    let found = try table(reader.payload) { (reader) throws(ByteCodingError) in
      try [ClockSync](from: &reader, limit: FileLayout.recordsPerBlockMax)
    }
    try expect(found.count, header)
    for sync in found where sync.ticks < header.first || sync.ticks > header.last {
      throw .malformed(FormatViolation(.B7, "clock sync at ticks \(sync.ticks)"))
    }
    syncs.append(contentsOf: found.prefix(room))
  }

  /// Decodes the most recently read block of losses.
  func readLosses(_ header: BlockHeader) throws(FormatError) -> [LossRecord] {
    let found = try table(reader.payload) { (reader) throws(ByteCodingError) in
      try [LossRecord](from: &reader, limit: FileLayout.recordsPerBlockMax)
    }
    try expect(found.count, header)
    for loss in found where loss.toTicks < header.first || loss.toTicks > header.last {
      throw .malformed(FormatViolation(.B7, "loss at ticks \(loss.toTicks)"))
    }
    return found
  }

  func expect(_ count: Int, _ header: BlockHeader) throws(FormatError) {
    guard count == header.count else {
      throw .malformed(
        FormatViolation(.B6, "\(count) records where the header has \(header.count)"))
    }
  }

  /// Checks an index that was not used for opening. Its metadata may replace that of a damaged
  /// block.
  private func absorbIndexOfScan(_ header: BlockHeader, at offset: UInt64) throws(FormatError) {
    let content = try unpack(reader.payload, limit: FileLayout.indexPayloadBytesMax)
    let isDamaged = !log.entries.isEmpty
    if isDamaged || definitions.session == nil {
      try definitions.absorb(try IndexContent.metadata(in: content))
    }
    do throws(FormatError) {
      let found = try IndexContent(content, end: offset)
      try expect(found.index.blocks.count, header)
      scannedIndex = found
      indexPlace = (offset, header.payloadBytes)
    } catch {
      // If bytes before the index are missing, its offsets cannot be correct.
      guard isDamaged, case .malformed(let violation) = error, violation.rule == .I2 else {
        throw error
      }
    }
  }

  private func absorbEnd(_ header: BlockHeader, at offset: UInt64) throws(FormatError) {
    defer { closingIndex = nil }
    let endBytes = FileLayout.blockHeaderBytes + FileLayout.endPayloadBytes
    guard header.payloadBytes == FileLayout.endPayloadBytes else {
      throw .malformed(FormatViolation(.I4, "end of \(header.payloadBytes) bytes"))
    }
    let (indexOffset, ownOffset) = (reader.payload.word64(0), reader.payload.word64(8))
    guard offset + UInt64(endBytes) == (try source.size()) else {
      throw .malformed(FormatViolation(.B8, "end before the end of the file"))
    }
    isComplete = true
    guard header.count == 0 else {
      throw .malformed(FormatViolation(.B6, "end of \(header.count) records"))
    }
    guard let closingIndex else {
      // The index itself may be damaged.
      if !log.entries.isEmpty { return }
      throw .malformed(FormatViolation(.B8, "end without an index before it"))
    }
    let isRight = ownOffset == offset && indexOffset == closingIndex.offset
    guard isRight || !log.entries.isEmpty else {
      throw .malformed(FormatViolation(.I4, "end for an index at \(indexOffset)"))
    }
  }
}

/// The complete content of an index.
struct IndexContent {
  var definitions = Definitions()
  var syncs: [ClockSync]
  var ledger = LossLedger()
  var index: BlockIndex

  /// - Parameter end: offset of the index, at which the blocks that it lists end.
  init(_ content: UnsafeRawBufferPointer, end: UInt64) throws(FormatError) {
    let metadata = try Self.metadata(in: content)
    try definitions.absorb(metadata)
    var reader = ByteReader(content)
    do throws(ByteCodingError) {
      _ = try reader.readBytes(Int(try reader.readVarint()))
      syncs = try [ClockSync](from: &reader, limit: FileLayout.syncsMax)
      for loss in try [LossRecord](from: &reader, limit: FileLayout.lossTotalsMax) {
        ledger.add(loss)
      }
      index = try BlockIndex(from: &reader, end: end)
      try reader.expectEnd()
    } catch {
      throw Self.violation(error)
    }
  }

  /// Returns the metadata at the start of an index.
  static func metadata(
    in content: UnsafeRawBufferPointer
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    var reader = ByteReader(content)
    do throws(ByteCodingError) {
      let length = try reader.readVarint()
      guard length <= UInt64(reader.remaining) else { throw reader.error(.endOfBytes) }
      return try reader.readBytes(Int(length))
    } catch {
      throw violation(error)
    }
  }

  private static func violation(_ error: ByteCodingError) -> FormatError {
    var violation = FormatViolation(error, in: "index")
    if violation.rule == .C2 || violation.rule == .P3 { violation.rule = .I1 }
    return .malformed(violation)
  }
}
