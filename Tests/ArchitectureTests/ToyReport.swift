import TraceAnalysis
import TraceEvents
import TraceFormat

/// Which processes collected garbage, and how often.
struct CollectionsReport: Report {
  struct Row: Hashable, Sendable {
    var pid: UInt32
    var collections: Int
  }

  var lost: LostEvents
  var partial: [PartialReason]
  /// By pid.
  var rows: [Row]
}

/// Makes a ``CollectionsReport``; reads the blocks that have `GCStart` events, and no others.
final class CollectionsPass: ReportPass {
  private var counts: [UInt32: Int] = [:]
  private var replay: Replay?

  func subscribe(to replay: Replay) {
    self.replay = replay
    replay.on(GCStart.self) { [self] _, header in counts[header.pid, default: 0] += 1 }
  }

  func finish() -> CollectionsReport {
    CollectionsReport(
      lost: LostEvents(replay?.file.lossTotals ?? []),
      partial: replay.map(PartialReason.reasons) ?? [],
      rows: counts.sorted { $0.key < $1.key }.map { .init(pid: $0.key, collections: $0.value) })
  }
}
