internal import TraceEvents

// Reading single blocks of an open file.

extension TraceFile {
  /// Reads an indexed block into `reader`. Returns nil, and lists the block as damage, if it is not
  /// intact or differs from its index entry.
  func readBlock(_ entry: BlockEntry) throws(FormatError) -> BlockHeader? {
    switch Self.match(try reader.read(at: entry.offset), entry) {
    case .success(let header): return header
    case .failure(let unusable):
      note(unusable, entry)
      return nil
    }
  }

  /// The reason why an indexed block cannot be used.
  struct Unusable: Error {
    var what: String
    var rule: FormatRule
  }

  func note(_ unusable: Unusable, _ entry: BlockEntry) {
    note(unusable.what, entry.offset, payloadBytes: entry.payloadBytes, rule: unusable.rule)
  }

  /// Checks that the block read is intact and matches its index entry.
  static func match(
    _ outcome: BlockReader.Outcome, _ entry: BlockEntry
  ) -> Result<BlockHeader, Unusable> {
    let kind = BlockKind.name(entry.kind)
    switch outcome {
    case .whole(let header)
    where header.kind == entry.kind && header.count == entry.count
      && header.first == entry.first && header.last == entry.last
      && header.payloadBytes == entry.payloadBytes:
      return .success(header)
    case .whole:
      return .failure(Unusable(what: "\(kind) block differs from the index", rule: .I3))
    case .damagedPayload: return .failure(Unusable(what: "damaged \(kind) block", rule: .B4))
    case .cut, .noHeader: return .failure(Unusable(what: "damaged \(kind) block", rule: .B1))
    }
  }

  /// Lists the events of a type without a schema as damage.
  func noteUndefined(ref: UInt16, count: Int, _ offset: UInt64, payloadBytes: Int) {
    note(
      "\(count) events of type \(ref), whose schema is missing", offset,
      payloadBytes: payloadBytes, rule: .E10, eventCount: UInt64(count))
  }

  /// Checks the blocks that a replay had no reason to read, because a wrong index entry would hide
  /// a block's events from it. Blocks that differ from their entries are listed as damage.
  ///
  /// - Cost: only for a file with an index: reads a header per block, and an event block's
  ///   directory.
  ///
  /// - Parameter isRead: returns whether the block at an offset was read.
  package func checkUnreadBlocks(_ isRead: (UInt64) -> Bool) throws(FormatError) {
    guard isIndexed else { return }
    for entry in index.blocks where !isRead(entry.offset) && !log.contains(blockAt: entry.offset) {
      try checkHeader(entry)
    }
  }

  private func checkHeader(_ entry: BlockEntry) throws(FormatError) {
    guard let header = try reader.readHeader(at: entry.offset) else {
      note(
        "damaged \(BlockKind.name(entry.kind)) block", entry.offset,
        payloadBytes: entry.payloadBytes, rule: .B1)
      return
    }
    var isSame =
      header.kind == entry.kind && header.count == entry.count && header.first == entry.first
      && header.last == entry.last && header.payloadBytes == entry.payloadBytes
    if isSame, header.kind == BlockKind.events {
      isSame = try reader.refs(at: entry.offset, header) == Array(index.typeRefs[entry.types])
    }
    guard !isSame else { return }
    note(
      "\(BlockKind.name(entry.kind)) block differs from the index", entry.offset,
      payloadBytes: entry.payloadBytes, rule: .I3)
  }

  /// Returns every loss record of the intact blocks, in the file's order. ``lossTotals`` is
  /// cheaper.
  public func losses() throws(FormatError) -> [LossRecord] {
    var result: [LossRecord] = []
    for entry in index.blocks where entry.kind == BlockKind.losses {
      result.append(contentsOf: try losses(of: entry))
    }
    return result
  }

  /// Returns the records of a loss block; none, and lists the block as damage, if it is not intact.
  func losses(of entry: BlockEntry) throws(FormatError) -> [LossRecord] {
    guard let header = try readBlock(entry) else { return [] }
    do throws(FormatError) {
      return try readLosses(header)
    } catch {
      note(error, header, at: entry.offset)
      return []
    }
  }
}
