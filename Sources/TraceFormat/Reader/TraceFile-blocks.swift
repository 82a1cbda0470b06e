internal import TraceEvents

// Reading single blocks of an open file.

extension TraceFile {
  /// Reads a block that the index names, into `reader`; nil, and listed as damage, when it is not
  /// whole or not what the index says.
  func readBlock(_ entry: BlockEntry) throws(FormatError) -> BlockHeader? {
    switch Self.match(try reader.read(at: entry.offset), entry) {
    case .success(let header): return header
    case .failure(let damage):
      note(damage.what, entry.offset, payloadBytes: entry.payloadBytes)
      return nil
    }
  }

  /// Why a block that the index names cannot be used.
  struct Unusable: Error {
    var what: String
  }

  /// Whether what was read is whole, and what the index says.
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
    case .whole: return .failure(Unusable(what: "\(kind) block is not what the index says"))
    case .damagedPayload, .cut, .noHeader:
      return .failure(Unusable(what: "damaged \(kind) block"))
    }
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
