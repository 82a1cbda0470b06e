public import TraceFormat

/// Whether a trace file is intact, and where it is damaged.
public struct VerifyReport: Report {
  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  public var size_bytes: UInt64
  /// Number of bytes that could not be read.
  public var unreadable_bytes: UInt64
  /// Number of intact blocks and of the events in them.
  public var blocks: Int
  public var events: UInt64
  /// Whether the writer finished the file.
  public var isFinished: Bool
  public var damage: [Damage]

  /// Whether nothing is damaged and the writer finished the file.
  public var isWhole: Bool { damage.isEmpty && isFinished }
}

/// Reads and decodes every block of a trace for a ``VerifyReport``.
///
/// - Cost: reads the whole file; memory for one block.
public final class VerifyPass: ReportPass {
  private var replay: Replay?

  public init() {}

  /// Subscribes to no events: blocks are read directly.
  public func subscribe(to replay: Replay) { self.replay = replay }

  /// Returns the damage found in the file.
  ///
  /// - Throws: a ``FormatError`` if the file can no longer be read.
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
