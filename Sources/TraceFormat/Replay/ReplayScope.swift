/// The blocks that a run of a replay reads, and the times of the events that it delivers.
///
/// A run over a growing file may deliver events up to a time only. A later run then delivers the
/// rest of the blocks.
struct ReplayScope {
  /// Positions of blocks of which earlier runs have delivered the events up to ``delivered``.
  var begun: [Int]
  /// Last ticks of the earlier runs.
  var delivered: UInt64
  /// Positions of the blocks that no earlier run has read.
  var new: Range<Int>
  /// Last ticks of the run.
  var through: UInt64

  /// All blocks to read, in the file's order.
  var blocks: [Int] { begun + Array(new) }

  /// Returns the ticks of the events that the run delivers of a block.
  func ticks(ofBlock position: Int) -> ClosedRange<UInt64> {
    let first = position < new.lowerBound ? delivered &+ 1 : 0
    return min(first, through)...through
  }

  /// Returns the blocks with events after the run.
  func unfinished(in index: BlockIndex) -> [Int] {
    through == .max ? [] : blocks.filter { index.blocks[$0].last > through }
  }
}
