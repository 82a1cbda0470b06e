internal import TraceEvents
public import TraceFormat

/// Makes a ``SummaryReport``.
///
/// - Cost: one run over the file for all reports, and a second one over its CPU samples, if there
///   are any; see the reports' passes.
public final class SummaryPass: ReportPass {
  /// Shares and lengths from which a number is unusual.
  enum Threshold {
    static let paused_percent = 5.0
    static let pause_ns: UInt64 = 100_000_000
    static let exceptionsPerSecond = 100.0
    static let compiling_percent = 10.0
    static let function_percent = 25.0
  }

  /// Number of functions that are listed.
  private static let functionsMax = 3

  private let selection: ReportSelection
  private let collections: GCPass
  private let exceptions: ExceptionPass
  private let compilations: JITPass
  private let system: SystemPass
  private let stacks: StackPass
  private var replay: Replay?
  /// Whether a report has events, but none of the selected processes and times.
  private var isSelectionEmpty = false

  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions()
  ) {
    self.selection = selection
    collections = GCPass(selection)
    exceptions = ExceptionPass(selection, symbols: symbols)
    compilations = JITPass(selection)
    system = SystemPass(selection)
    var options = StackOptions()
    options.symbols = symbols
    options.selection.filter.time = selection.time
    options.selection.filter.pids = selection.pids
    let processes = selection.processes
    if !processes.isEmpty { options.selection.admits = processes.admits }
    stacks = StackPass(options)
  }

  /// Subscribes all reports' passes.
  public func subscribe(to replay: Replay) throws {
    self.replay = replay
    collections.subscribe(to: replay)
    exceptions.subscribe(to: replay)
    compilations.subscribe(to: replay)
    system.subscribe(to: replay)
    if hasSamples(replay) { stacks.subscribe(to: replay) }
  }

  private func hasSamples(_ replay: Replay) -> Bool {
    replay.file.eventTypes.contains {
      $0.schema.provider == SystemSchema.providerName && $0.schema.id == SampledProfile.eventID
        && $0.count > 0
    }
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
    topics += try known { try system.finish() }?.topics ?? []
    topics += try known { try collections.finish() }?.processes.flatMap(\.topics) ?? []
    topics += try known { try exceptions.finish() }?.processes.map(\.topic) ?? []
    topics += try known { try compilations.finish() }?.processes.map(\.topic) ?? []
    if hasSamples(replay), let report = try known({ try stacks.finish() }) {
      topics += report.topics(Self.functionsMax)
    }
    guard !isSelectionEmpty || topics.contains(where: \.isOfProcesses) else {
      throw NothingToReport.noneSelected(what: "events that a report is made of")
    }
    return SummaryReport(
      lost: lost, partial: partial, trace: replay.file.path, events: events,
      duration_ns: replay.file.durationNanoseconds,
      topics: topics.filter(\.isUnusual) + topics.filter { !$0.isUnusual })
  }

  /// Returns a report; nil if the trace has nothing for it.
  private func known<Result>(_ body: () throws -> Result) throws -> Result? {
    do { return try body() } catch let nothing as NothingToReport {
      if case .noneSelected = nothing { isSelectionEmpty = true }
      return nil
    } catch let nothing as StackReportError {
      if case .noneSelected = nothing { isSelectionEmpty = true }
      return nil
    }
  }
}

extension SystemReport {
  fileprivate var topics: [SummaryReport.Topic] {
    findings.map {
      .init(
        kind: .system($0), isUnusual: $0.kind != .cpu, subject: $0.subject, pid: $0.pid,
        count: $0.count, percent: $0.percent, amount_ns: $0.amount_ns)
    }
  }
}

extension GCReport.Process {
  fileprivate var topics: [SummaryReport.Topic] {
    let isUnusual =
      paused_percent ?? 0 >= SummaryPass.Threshold.paused_percent
      || pauses.max_ns >= SummaryPass.Threshold.pause_ns
    var topics = [
      SummaryReport.Topic(
        kind: .collections, isUnusual: isUnusual, subject: name, pid: pid,
        count: UInt64(collections.count), percent: paused_percent, amount_ns: pauses.total_ns,
        max_ns: pauses.max_ns)
    ]
    if stalls.count > 0 {
      topics.append(
        .init(
          kind: .stalls, isUnusual: true, subject: name, pid: pid, count: UInt64(stalls.count),
          amount_ns: stalls.total_ns, max_ns: stalls.max_ns))
    }
    return topics
  }
}

extension ExceptionReport.Process {
  fileprivate var topic: SummaryReport.Topic {
    let rate = perSecond(thrown)
    return .init(
      kind: .exceptions,
      isUnusual: rate ?? 0 >= SummaryPass.Threshold.exceptionsPerSecond, subject: name, pid: pid,
      count: thrown, rate: rate, most: groups.first?.type)
  }
}

extension JITReport.Process {
  fileprivate var topic: SummaryReport.Topic {
    let share = span_ns == 0 ? nil : Double(times.total_ns) / Double(span_ns) * 100
    return .init(
      kind: .compilations,
      isUnusual: share ?? 0 >= SummaryPass.Threshold.compiling_percent, subject: name, pid: pid,
      count: UInt64(compiled), percent: share, amount_ns: times.total_ns)
  }
}

extension StackReport {
  fileprivate func topics(_ limit: Int) -> [SummaryReport.Topic] {
    let all = unit.amount(of: calls.total)
    return functions(limit: limit).functions.map { function in
      let own = unit.amount(of: function.exclusive)
      let share = all == 0 ? 0 : Double(own) / Double(all) * 100
      return .init(
        kind: .function, isUnusual: share >= SummaryPass.Threshold.function_percent,
        subject: function.frame.name, percent: share, amount_ns: own)
    }
  }
}
