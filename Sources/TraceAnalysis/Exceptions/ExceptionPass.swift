internal import TraceEvents
public import TraceFormat

/// Makes an ``ExceptionReport``.
///
/// - Cost: reads only the blocks with events about exceptions and processes, and if the trace has
///   stacks, those about code. Memory grows with the number of types and message patterns, which is
///   limited.
public final class ExceptionPass: ReportPass {
  private let selection: ReportSelection
  private let symbols: SymbolizerOptions
  private let listLimit: Int?
  private var replay: Replay?
  private var processes: Processes?
  /// Nil if the trace has no stacks.
  private var symbolizer: Symbolizer?
  /// By the trace's number of the process.
  private var counts: [UInt32: ExceptionCounts] = [:]

  /// - Parameters:
  ///   - symbols: where the names of stacks' frames are looked for.
  ///   - listLimit: the report's ``ExceptionReport/listLimit``.
  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions(), listLimit: Int? = nil
  ) {
    self.selection = selection
    self.symbols = symbols
    self.listLimit = listLimit
  }

  /// Subscribes to the events about exceptions, processes and code, and to losses.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    if replay.file.hasStacks {
      let symbolizer = Symbolizer(replay.file, options: symbols)
      symbolizer.subscribe(to: replay)
      self.symbolizer = symbolizer
      processes = symbolizer.processes
    } else {
      let processes = Processes(replay.file)
      processes.subscribe(to: replay)
      self.processes = processes
    }
    follow(ExceptionThrown.self, replay) { $0.thrown($1, $2) }
    follow(ExceptionCaught.self, replay) { $0.caught($1, $2) }
    replay.onLoss { [self] loss in
      guard loss.cause != .kernelBufferFull else { return }
      for index in counts.keys where loss.processIndex ?? index == index {
        counts[index]?.forgetPending()
      }
    }
  }

  private func follow<Event: TraceEvent>(
    _ type: Event.Type, _ replay: Replay,
    _ body: @escaping (inout ExceptionCounts, Event, EventHeader) -> Void
  ) {
    replay.on(type) { [self] event, header in
      guard selection.admits(pid: header.pid), selection.admits(time: header.timestamp),
        !header.flags.contains(.rundown)
      else { return }
      body(
        &counts[header.processIndex, default: ExceptionCounts(firstEvent: header.timestamp)],
        event, header)
    }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no exceptions.
  public func finish() throws(NothingToReport) -> ExceptionReport {
    guard let replay, let processes else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    var stacks = symbolizer.map { ThrowStacks($0.finish(), replay.file) }
    let history = processes.finish()
    let spans = ProcessSpans(replay.file, selection.time)
    var found: [ExceptionReport.Process] = []
    for (index, counts) in counts where !counts.groups.isEmpty || counts.hasCatches {
      let pid = replay.file.process(index: index)?.pid ?? 0
      let process = history.process(pid, at: counts.firstEvent)
      guard selection.admits(process) else { continue }
      let span = spans.span(ofProcess: index, firstEvent: counts.firstEvent)
      found.append(ExceptionReport.Process(counts, process, span, &stacks))
    }
    guard !found.isEmpty else {
      throw .nothing("exceptions", keyword: "Exception", ExceptionThrown.schema, replay, selection)
    }
    var partial = PartialReason.reasons(replay)
    if counts.values.contains(where: \.isCut) {
      partial.append(.limited(what: "different exceptions"))
    }
    return ExceptionReport(
      lost: LostEvents(replay.file.lossTotals), partial: partial, trace: replay.file.path,
      events: replay.file.eventCount,
      processes: found.sorted { ($0.pid, $0.from_ns) < ($1.pid, $1.from_ns) },
      listLimit: listLimit)
  }
}
