public import TraceFormat

/// Makes a ``SummaryReport``.
///
/// - Cost: one run over the file for all reports, and further ones over its CPU samples and the
///   slowest requests, if there are any; see the reports' passes. While a file is still being
///   written, CPU samples are left out.
public final class SummaryPass: ReportPass {
  private let sources: [SummarySource]
  private var replay: Replay?

  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions()
  ) {
    sources = SummarySource.all(selection, symbols)
  }

  /// Subscribes all reports' passes.
  public func subscribe(to replay: Replay) throws {
    self.replay = replay
    for source in sources { try source.subscribe(replay) }
  }

  /// Returns the report. It has no lines about what the trace has no events of.
  ///
  /// - Throws: a ``FormatError`` if the file can no longer be read.
  public func finish() throws -> SummaryReport {
    guard let replay else { preconditionFailure("finish() comes after subscribe(to:)") }
    let lost = LostEvents(replay.file.lossTotals)
    let partial = PartialReason.reasons(replay)
    let events = replay.file.eventCount
    var topics: [SummaryReport.Topic] = []
    if lost.events > 0 {
      let share = Double(lost.events) / (Double(lost.events) + Double(events)) * 100
      topics.append(
        .init(kind: .losses, isUnusual: true, count: lost.events, percent: share))
    }
    if !partial.isEmpty { topics.append(.init(kind: .partial, isUnusual: true)) }
    var isSelectionEmpty = false
    for source in sources {
      switch try source.topics() {
      case .some(let found): topics += found
      case .noneSelected: isSelectionEmpty = true
      case .none: break
      }
    }
    guard !isSelectionEmpty || topics.contains(where: \.isOfProcesses) else {
      throw NothingToReport.noneSelected(what: "events that a report is made of")
    }
    return SummaryReport(
      lost: lost, partial: partial, trace: replay.file.path, events: events,
      duration_ns: replay.file.durationNanoseconds,
      topics: topics.filter(\.isUnusual) + topics.filter { !$0.isUnusual })
  }
}
