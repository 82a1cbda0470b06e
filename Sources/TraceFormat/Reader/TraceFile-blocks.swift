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
