import TraceAnalysis
import TraceEvents
import TraceFormat

/// The processes that collected garbage, with the number of collections.
struct CollectionsReport: Report {
  struct Row: Hashable, Sendable {
    var pid: UInt32
    var collections: Int
  }

  var lost: LostEvents
  var partial: [PartialReason]
  /// The rows in order of pid.
  var rows: [Row]
}

/// Creates a ``CollectionsReport``; reads only blocks that have `GCStart` events.
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
