internal import TraceEvents
internal import TraceFormat

/// A report's part of the summary. A new report joins with a line in ``all(_:_:)``, and with its
/// topics in SummaryTopics.swift.
struct SummarySource {
  /// What a report has to say.
  enum Finding {
    case some([SummaryReport.Topic])
    /// The trace has events for the report, but none of the selected processes and times.
    case noneSelected
    /// The trace has nothing for the report.
    case none
  }

  let subscribe: (Replay) throws -> Void
  let topics: () throws -> Finding

  /// The reports in the order of their topics.
  static func all(
    _ selection: ReportSelection, _ symbols: SymbolizerOptions
  ) -> [SummarySource] {
    [
      SummarySource(SystemPass(selection)) { $0.topics },
      SummarySource(GCPass(selection)) { $0.processes.flatMap(\.topics) },
      SummarySource(ExceptionPass(selection, symbols: nil)) { $0.processes.map(\.topic) },
      SummarySource(RequestPass(selection)) { $0.processes.compactMap(\.topic) },
      SummarySource(ThreadsPass(selection, symbols: symbols)) { $0.topics },
      SummarySource(ContentionPass(selection, symbols: symbols)) {
        $0.processes.compactMap(\.topic)
      },
      SummarySource(AllocationPass(selection, symbols: nil)) { $0.processes.map(\.topic) },
      SummarySource(JITPass(selection)) { $0.processes.map(\.topic) },
      samples(selection, symbols),
    ]
  }

  private init<Pass: ReportPass>(
    _ pass: Pass, isWanted: @escaping (Replay) -> Bool = { _ in true },
    _ topics: @escaping (Pass.Output) -> [SummaryReport.Topic]
  ) {
    var isSubscribed = false
    subscribe = { replay in
      isSubscribed = isWanted(replay)
      if isSubscribed { try pass.subscribe(to: replay) }
    }
    self.topics = {
      guard isSubscribed else { return .none }
      return try Self.finding { topics(try pass.finish()) }
    }
  }

  /// Functions by CPU time. They need a second run over all samples.
  private static func samples(
    _ selection: ReportSelection, _ symbols: SymbolizerOptions
  ) -> SummarySource {
    var options = StackOptions()
    options.symbols = symbols
    options.selection.filter.time = selection.time
    options.selection.filter.pids = selection.pids
    let processes = selection.processes
    if !processes.isEmpty { options.selection.admits = processes.admits }
    let hasSamples = { (replay: Replay) in
      !replay.isGrowing && replay.file.has(SampledProfile.schema)
    }
    return SummarySource(StackPass(options), isWanted: hasSamples) { $0.topics }
  }

  private static func finding(_ topics: () throws -> [SummaryReport.Topic]) throws -> Finding {
    do { return .some(try topics()) } catch let nothing as NothingToReport {
      if case .noneSelected = nothing { return .noneSelected }
      return .none
    } catch let nothing as StackReportError {
      if case .noneSelected = nothing { return .noneSelected }
      return .none
    }
  }
}
