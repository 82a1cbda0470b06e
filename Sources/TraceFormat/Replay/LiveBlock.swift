/// A block of a live trace that waits for a reader.
package struct LiveBlock: Sendable {
  /// What there is to lose.
  package enum Kind: Sendable {
    /// Events; whether any may tell of what lives is up to ``LiveBlock/types``.
    case events
    /// Stacks and symbols: without them there are fewer names.
    case names
    /// What the other blocks need.
    case definitions
  }

  package let bytes: [UInt8]
  package let kind: Kind
  /// Events, or records.
  package let count: Int
  package let firstTicks: UInt64
  package let lastTicks: UInt64
  /// Refs of the types of its events.
  package let types: [UInt16]

  /// Nil for a closing index, which no reader of a live trace needs.
  ///
  /// - Parameter block: as the writer's ``TraceWriter/onBlock`` gives it.
  package init?(_ block: UnsafeRawBufferPointer) {
    guard let header = BlockHeader(block, fileID: nil), header.kind != BlockKind.index else {
      return nil
    }
    bytes = Array(block)
    (count, firstTicks, lastTicks) = (header.count, header.first, header.last)
    let payload = UnsafeRawBufferPointer(rebasing: block[FileLayout.blockHeaderBytes...])
    switch header.kind {
    case BlockKind.events:
      kind = .events
      let directory = try? SectionDirectory(payload, eventCount: header.count)
      types = directory?.entries.dropFirst().map(\.ref) ?? []
    case BlockKind.stacks, BlockKind.symbols: (kind, types) = (.names, [])
    default: (kind, types) = (.definitions, [])
    }
  }
}
