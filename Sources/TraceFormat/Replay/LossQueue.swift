/// A replay's loss records, ordered by the ticks at which they end.
///
/// Blocks of losses are read when their time is reached, so memory is bounded by the blocks that
/// overlap.
struct LossQueue {
  private let file: TraceFile
  private let ticksRange: ClosedRange<UInt64>
  private let scope: ReplayScope?
  /// Positions of the loss blocks, in descending order of first ticks.
  private var blocksToCome: [Int]
  /// Records in descending order of `toTicks`.
  private var records: [LossRecord] = []

  /// - Parameter scope: the blocks to read; nil for none.
  init(_ file: TraceFile, _ scope: ReplayScope?, ticks: ClosedRange<UInt64>) {
    (self.file, self.scope) = (file, scope)
    ticksRange = ticks
    let entries = file.index.blocks
    blocksToCome = (scope?.blocks ?? []).filter {
      entries[$0].kind == BlockKind.losses && entries[$0].first <= scope?.through ?? 0
    }
    blocksToCome.sort { (entries[$0].first, $0) > (entries[$1].first, $1) }
    updateNextTicks()
  }

  var isEmpty: Bool { records.isEmpty && blocksToCome.isEmpty }

  /// Lower bound of the ticks at which the remaining losses end.
  private(set) var nextTicks = UInt64.max

  private mutating func updateNextTicks() {
    let block = blocksToCome.last.map { file.index.blocks[$0].first } ?? .max
    nextTicks = min(block, records.last?.toTicks ?? .max)
  }

  mutating func next(upTo ticks: UInt64) throws -> LossRecord? {
    defer { updateNextTicks() }
    while let position = blocksToCome.last {
      let first = file.index.blocks[position].first
      guard first <= ticks, first <= records.last?.toTicks ?? .max else { break }
      blocksToCome.removeLast()
      let found = try file.losses(of: file.index.blocks[position])
      let due = scope?.ticks(ofBlock: position) ?? 0...0
      records.append(
        contentsOf: found.filter { ticksRange.contains($0.toTicks) && due.contains($0.toTicks) })
      records.sort { $0.toTicks > $1.toTicks }
    }
    guard let last = records.last, last.toTicks <= ticks else { return nil }
    return records.removeLast()
  }
}
