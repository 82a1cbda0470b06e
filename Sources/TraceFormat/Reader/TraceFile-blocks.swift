internal import TraceEvents

// Reading single blocks of an open file.

extension TraceFile {
  /// Reads a block that the index names, into `reader`; nil, and listed as damage, when it is not
  /// whole or not what the index says.
  func readBlock(_ entry: BlockEntry) throws(FormatError) -> BlockHeader? {
    switch try reader.read(at: entry.offset) {
    case .whole(let header)
    where header.kind == entry.kind && header.count == entry.count
      && header.first == entry.first && header.last == entry.last
      && header.payloadBytes == entry.payloadBytes:
      return header
    case .whole:
      note(
        "\(BlockKind.name(entry.kind)) block is not what the index says", entry.offset,
        payloadBytes: entry.payloadBytes)
    case .damagedPayload, .cut, .noHeader:
      note(
        "damaged \(BlockKind.name(entry.kind)) block", entry.offset,
        payloadBytes: entry.payloadBytes)
    }
    return nil
  }

  /// Every loss record of the whole blocks, in the file's order. ``lossTotals`` is cheaper.
  public func losses() throws(FormatError) -> [LossRecord] {
    var result: [LossRecord] = []
    for entry in index.blocks where entry.kind == BlockKind.losses {
      result.append(contentsOf: try losses(of: entry))
    }
    return result
  }

  /// A loss block's records; none, and listed as damage, when it is not whole.
  func losses(of entry: BlockEntry) throws(FormatError) -> [LossRecord] {
    guard try readBlock(entry) != nil else { return [] }
    do throws(FormatError) {
      return try readLosses(reader.payload)
    } catch {
      note("losses: \(error)", entry.offset, payloadBytes: entry.payloadBytes)
      return []
    }
  }
}
