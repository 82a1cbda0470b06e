internal import TraceEvents
internal import TraceFormat

/// What a pass knows of each process whose events it has seen.
///
/// A process is identified by its number in the trace, so that two programs with the same process
/// id are two.
final class ProcessStates<State> {
  private struct Entry {
    let firstEvent: Int64
    var state: State
  }

  let selection: ReportSelection
  /// Times at which events of programs were lost.
  private(set) var losses = LossWindows()
  private let new: () -> State
  private var entries: [UInt32: Entry] = [:]
  private var processes: Processes?
  private var choice: ProcessChoice?
  private var file: TraceFile?
  /// Nil if no stacks are named.
  private var symbolizer: Symbolizer?
  /// The replay keeps the subscribed passes, and thus this object.
  private weak var replay: Replay?

  /// - Parameter new: returns what is known of a process before its first event.
  init(_ selection: ReportSelection, _ new: @escaping () -> State) {
    (self.selection, self.new) = (selection, new)
  }

  /// Subscribes to the events about processes, and to losses.
  ///
  /// - Parameter symbols: where the names of stacks' frames are looked for; nil if the report has
  ///   no stacks.
  func subscribe(to replay: Replay, symbols: SymbolizerOptions? = nil) {
    let file = replay.file
    (self.replay, self.file) = (replay, file)
    if let symbols, file.hasStacks || replay.isGrowing {
      symbolizer = Symbolizer(for: replay, options: symbols)
    }
    let processes = symbolizer?.processes ?? Processes(file)
    processes.subscribe(to: replay)
    self.processes = processes
    choice = ProcessChoice(selection, processes)
    replay.onLoss { [self] in losses.add($0, in: file) }
  }

  /// Passes a process's events of a type to `body`.
  ///
  /// - Parameters:
  ///   - withRundown: whether to include events that describe what began before the session.
  ///   - atSelectedTimes: whether to leave out events outside the selected time.
  func follow<Event: TraceEvent>(
    _ type: Event.Type, withRundown: Bool = false, atSelectedTimes: Bool = false,
    _ body: @escaping (inout State, Event, EventHeader) -> Void
  ) {
    replay?.on(type) { [self] event, header in
      guard withRundown || !header.flags.contains(.rundown),
        !atSelectedTimes || selection.admits(time: header.timestamp)
      else { return }
      update(header) { body(&$0, event, header) }
    }
  }

  /// Changes what is known of the process of an event, unless the selection leaves it out.
  @inline(__always)
  func update(_ header: EventHeader, _ body: (inout State) -> Void) {
    guard choice?.mayAdmit(header) ?? false else { return }
    body(&entries[header.processIndex, default: entry(header)].state)
  }

  /// Makes sure that there is a row for a process of which an event at a time tells.
  func add(process index: UInt32, firstEvent: Int64) {
    if entries[index] == nil { entries[index] = Entry(firstEvent: firstEvent, state: new()) }
  }

  private func entry(_ header: EventHeader) -> Entry {
    Entry(firstEvent: header.timestamp, state: new())
  }

  /// Changes what is known of the processes that a loss may concern.
  func update(_ loss: LossRecord, _ body: (inout State) -> Void) {
    guard loss.concernsPrograms else { return }
    for index in entries.keys where loss.processIndex ?? index == index {
      if entries[index] != nil { body(&entries[index]!.state) }
    }
  }

  // MARK: After the run

  /// Returns what names the frames of stacks; nil if there are none.
  func stacks() -> NamedStacks? {
    guard let file, let symbolizer, file.hasStacks else { return nil }
    return NamedStacks(symbolizer.finish(), file)
  }

  var isEmpty: Bool { entries.isEmpty }

  /// All processes of the trace.
  var history: ProcessHistory? { processes?.finish() }

  func contains(where condition: (State) -> Bool) -> Bool {
    entries.values.contains { condition($0.state) }
  }

  /// Returns a row for each selected process for which `make` returns one, in the order of the
  /// process ids.
  func rows<Row: ReportedProcess>(
    _ make: (State, ResolvedProcess, CoveredProcess) -> Row?
  ) -> [Row] {
    numberedRows { make($1, $2, $3) }
  }

  /// Like ``rows(_:)``; passes also the trace's number of the process.
  func numberedRows<Row: ReportedProcess>(
    _ make: (UInt32, State, ResolvedProcess, CoveredProcess) -> Row?
  ) -> [Row] {
    guard let file, let processes else {
      preconditionFailure("rows come after subscribe(to:)")
    }
    let history = processes.finish()
    let spans = ProcessSpans(file, selection.time)
    var rows: [Row] = []
    for (index, entry) in entries {
      let pid = file.process(index: index)?.pid ?? 0
      let process = history.process(pid, at: entry.firstEvent)
      guard selection.admits(process) else { continue }
      let span = spans.span(ofProcess: index, firstEvent: entry.firstEvent)
      let covered = CoveredProcess(
        pid: process.pid, name: process.name, from_ns: span.from, to_ns: span.to,
        hasEnded: span.hasEnded)
      if let row = make(index, entry.state, process, covered) { rows.append(row) }
    }
    return rows.sorted { ($0.pid, $0.from_ns) < ($1.pid, $1.from_ns) }
  }

  /// Returns the heading of the report.
  ///
  /// - Parameter limited: the kind of items that the report left out; nil if none.
  func heading(listLimit: Int?, limited: String?) -> ReportHeading {
    guard let file else { preconditionFailure("the heading comes after subscribe(to:)") }
    let partial = PartialReason.reasons(of: file) + (limited.map { [.limited(what: $0)] } ?? [])
    return ReportHeading(
      lost: LostEvents(file.lossTotals), partial: partial, trace: file.path,
      events: file.eventCount, listLimit: listLimit)
  }

  /// Returns why there is nothing to report.
  func nothing(_ what: String, keyword: String, _ schema: EventSchema) -> NothingToReport {
    guard let file else { preconditionFailure("finish() comes after subscribe(to:)") }
    return .nothing(what, keyword: keyword, schema, file, selection)
  }
}

extension LossRecord {
  /// Whether the lost events may be those of programs: the kernel's samples are none.
  var concernsPrograms: Bool { cause != .kernelBufferFull }
}
