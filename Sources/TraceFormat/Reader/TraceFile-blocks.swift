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

  /// A stack's addresses, innermost first; empty when there is none or its block is damaged.
  ///
  /// - Cost: a search, now and then a block's decoding; memory is bounded.
  public func stack(_ id: StackID) -> [UInt64] {
    guard id != .none else { return [] }
    guard let entry = stackBlock(holding: id) else { return [] }
    if stackCache[entry.offset] == nil { loadStacks(entry) }
    return stackCache[entry.offset]?.addresses(id.rawValue).map(Array.init) ?? []
  }

  private func stackBlock(holding id: StackID) -> BlockEntry? {
    let number = UInt64(id.rawValue)
    // Ids ascend from block to block: search for the last block that begins at or before the id.
    let blocks = index.stackBlocks
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if index.blocks[blocks[middle]].first <= number { low = middle + 1 } else { high = middle }
    }
    guard low > 0, index.blocks[blocks[low - 1]].last >= number else { return nil }
    return index.blocks[blocks[low - 1]]
  }

  private func loadStacks(_ entry: BlockEntry) {
    guard entry.offset >= source.dropped else { return }
    do throws(FormatError) {
      guard let header = try readBlock(entry) else { return }
      let block = try table(reader.payload) { (reader) throws(ByteCodingError) in
        try StackBlock(&reader)
      }
      guard UInt64(block.firstID) == header.first else { return }
      stackCache.insert(block, at: entry.offset)
    } catch {
      note("stacks: \(error)", entry.offset, payloadBytes: entry.payloadBytes)
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

  // MARK: Live traces

  /// Ends a step of a live trace: the blocks that were read are forgotten, their stacks kept.
  func keepStacksOnly() {
    for position in index.stackBlocks where index.blocks[position].offset >= source.dropped {
      if stackCache[index.blocks[position].offset] == nil { loadStacks(index.blocks[position]) }
    }
    source.drop(before: scan.position)
    index.removeAllButStacks()
  }
}
