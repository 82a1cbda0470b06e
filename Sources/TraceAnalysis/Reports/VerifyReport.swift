public import TraceFormat

/// Whether a trace file is whole, and what is wrong where it is not.
public struct VerifyReport: Report {
  public var lost: LostEvents
  public var partial: [PartialReason]
  /// What the trace is called: its path.
  public var trace: String
  public var size_bytes: UInt64
  /// Bytes that could not be read.
  public var unreadable_bytes: UInt64
  /// Whole blocks, and the events in them.
  public var blocks: Int
  public var events: UInt64
  /// Whether the writer finished the file.
  public var isFinished: Bool
  public var damage: [Damage]

  /// Nothing is damaged, and the writer finished the file.
  public var isWhole: Bool { damage.isEmpty && isFinished }
}

/// Reads and decodes every block of a trace for a ``VerifyReport``.
///
/// - Cost: the whole file is read; memory for one block.
public final class VerifyPass: ReportPass {
  private var replay: Replay?

  public init() {}

  /// Needs no events: blocks are read as they are.
  public func subscribe(to replay: Replay) { self.replay = replay }

  /// What is wrong with the file.
  ///
  /// - Throws: a ``FormatError`` when the file cannot be read any more.
  public func finish() throws -> VerifyReport {
    guard let replay else { preconditionFailure("finish() comes after subscribe(to:)") }
    let file = replay.file
    try file.verify()
    let readable = file.readable
    return VerifyReport(
      lost: LostEvents(file.lossTotals), partial: PartialReason.reasons(replay), trace: file.path,
      size_bytes: file.byteCount,
      unreadable_bytes: file.damage.reduce(UInt64(0)) { $0 &+ $1.byteCount },
      blocks: readable.blocks, events: readable.events, isFinished: file.isComplete,
      damage: file.damage)
  }
}
