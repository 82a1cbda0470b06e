/// A block of a live trace, queued for a reader.
package struct LiveBlock: Sendable {
  /// The kind of a block, which determines what a reader lacks without it.
  package enum Kind: Sendable {
    /// Events; ``LiveBlock/types`` shows whether they may describe processes, threads, images or
    /// code.
    case events
    /// Stacks and symbols; without them, fewer frames have names.
    case names
    /// Definitions, which the other blocks require.
    case definitions
  }

  package let bytes: [UInt8]
  package let kind: Kind
  /// Number of events or records.
  package let count: Int
  package let firstTicks: UInt64
  package let lastTicks: UInt64
  /// References of the types of its events.
  package let types: [UInt16]

  /// Copies a block; nil for a closing index, which readers of a live trace do not need.
  ///
  /// - Parameter block: the bytes passed to the writer's ``TraceWriter/onBlock``.
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
