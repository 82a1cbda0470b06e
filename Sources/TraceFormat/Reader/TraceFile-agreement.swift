internal import TraceEvents

// Comparison of the index with the blocks. Where they differ, the blocks are right.

extension TraceFile {
  /// Compares the index with the blocks. If they differ, lists the index as damage and takes
  /// everything from the blocks, as for a file without an index. Each replay does this first.
  ///
  /// - Cost: for the first call on a file with an index: reads a header per block, the directories
  ///   of event blocks, and the blocks of metadata, clock syncs and losses.
  /// - Trap: may change ``eventTypes`` and everything else that the index states.
  public func checkIndex() throws(FormatError) {
    guard isIndexed, !isIndexChecked else { return }
    isIndexChecked = true
    guard try !agreesWithIndex() else { return }
    try scanAgain()
  }

  /// Compares the index with what can be read of the blocks, and lists those found damaged.
  private func agreesWithIndex() throws(FormatError) -> Bool {
    let found = try TraceFile(unread: source)
    var isWhole = true
    for entry in index.blocks {
      var hasTypes = true
      switch Self.match(try found.outcome(entry, of: index, &hasTypes), entry) {
      case .failure(let unusable):
        if unusable.rule == .I3 { return false }
        note(unusable, entry)
        isWhole = false
      case .success(let header):
        guard hasTypes else { return false }
        if Self.isTable(header.kind) {
          do throws(FormatError) {
            try found.absorb(header, at: entry.offset)
          } catch {
            guard case .malformed = error else { throw error }
            note(error, header, at: entry.offset)
            isWhole = false
          }
        }
      }
    }
    if definitions.session != nil { for damage in found.log.entries { log.add(damage) } }
    return isWhole ? hasSameTables(as: found) : found.definitions.isPart(of: definitions)
  }

  /// Reads a block's header and, if an index repeats its content, its payload. `hasTypes` becomes
  /// false if the block's event types differ from those that the index states.
  private func outcome(
    _ entry: BlockEntry, of index: BlockIndex, _ hasTypes: inout Bool
  ) throws(FormatError) -> BlockReader.Outcome {
    if Self.isTable(entry.kind) { return try reader.read(at: entry.offset) }
    if entry.kind == BlockKind.events {
      let types = (index.typeRefs[entry.types], index.typeCounts[entry.types])
      let found = try reader.readEventHeader(at: entry.offset, types.0, types.1)
      guard let (header, isSame) = found else { return .noHeader(.B1) }
      hasTypes = isSame
      return .whole(header)
    }
    return try reader.readHeader(at: entry.offset).map { .whole($0) } ?? .noHeader(.B1)
  }

  /// Whether an index repeats the content of blocks of this kind.
  private static func isTable(_ kind: UInt8) -> Bool {
    [BlockKind.metadata, BlockKind.clock, BlockKind.losses].contains(kind)
  }

  private func hasSameTables(as other: TraceFile) -> Bool {
    definitions == other.definitions && syncs == other.syncs
      && Set(ledger.totals) == Set(other.ledger.totals)
  }

  /// Forgets what the index states, and scans the file.
  private func scanAgain() throws(FormatError) {
    isIndexed = false
    isComplete = false
    (definitions, index, ledger, syncs) = (Definitions(), BlockIndex(), LossLedger(), [])
    (stackCache, symbolStore, log) = (StackCache(), SymbolStore(), DamageLog())
    stackIDs = StackEpochs()
    scan = BlockScan(position: UInt64(FileLayout.fileHeaderBytes))
    try scanForward()
    compareIndex()
    settle()
  }

  /// Lists the index as damage if it differs from the blocks that a scan has found, or does not
  /// repeat all definitions.
  func compareIndex() {
    guard let said = scannedIndex, let at = indexPlace else { return }
    let isWhole = log.entries.isEmpty
    var listed: [UInt64: BlockEntry] = [:]
    for entry in said.index.blocks { listed[entry.offset] = entry }
    var isSame = !isWhole || index.blocks.count == said.index.blocks.count
    for entry in index.blocks where isSame && !log.contains(blockAt: entry.offset) {
      guard let other = listed[entry.offset] else {
        isSame = false
        break
      }
      isSame = entry.isSame(as: other) && index.types(of: entry) == said.index.types(of: other)
    }
    if isWhole {
      isSame =
        isSame && said.definitions == definitions && said.syncs == syncs
        && Set(said.ledger.totals) == Set(ledger.totals)
    }
    guard !isSame else { return }
    note("the index differs from the blocks", at.offset, payloadBytes: at.payloadBytes, rule: .I3)
  }
}
