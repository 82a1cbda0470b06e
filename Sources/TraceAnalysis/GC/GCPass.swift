internal import TraceEvents
public import TraceFormat

/// Makes a ``GCReport``.
///
/// - Guarantee: a duration is that of a beginning and its own end. Where events of a process may
///   have been lost between the two, the beginning is listed as open.
/// - Cost: reads only the blocks with GC or process events, and decodes only these. Memory is about
///   150 bytes per collection.
public final class GCPass: ReportPass {
  private let processes: ProcessStates<CollectionTracker>
  private let listLimit: Int?
  private let symbols: SymbolizerOptions
  private let withThreads: Bool
  private var file: TraceFile?
  private var isGrowing = false

  /// - Parameters:
  ///   - symbols: where the names of stacks' frames are looked for.
  ///   - listLimit: the report's ``ProcessReport/listLimit``.
  ///   - withThreads: whether to find out what threads did before the longest pauses, in another
  ///     run over the events of these times; never for a file that is still being written.
  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions(), listLimit: Int? = nil,
    withThreads: Bool = false
  ) {
    (self.symbols, self.withThreads) = (symbols, withThreads)
    processes = ProcessStates(selection) { CollectionTracker(selection: selection.time) }
    self.listLimit = listLimit
  }

  /// Subscribes to the GC events, the events about processes, and losses.
  public func subscribe(to replay: Replay) {
    (file, isGrowing) = (replay.file, replay.isGrowing)
    processes.subscribe(to: replay)
    follow(GCStart.self) { $0.start($1, at: $2) }
    follow(GCEnd.self) { $0.end($1, at: $2) }
    follow(GCSuspendBegin.self) { $0.suspend($1, at: $2) }
    follow(GCSuspendEnd.self) { tracker, _, time in tracker.suspended(at: time) }
    follow(GCRestartBegin.self) { tracker, _, _ in tracker.restarting() }
    follow(GCRestartEnd.self) { tracker, _, time in tracker.restarted(at: time) }
    follow(GCHistory.self) { tracker, event, _ in tracker.history(event) }
    follow(GCHeapBefore.self) { tracker, event, _ in tracker.heapBefore(event) }
    follow(GCHeapStats.self) {
      $0.heap(bytes: $1.size_bytes, promoted: $1.promoted_bytes, at: $2)
    }
    let start = replay.file.session.start.monotonicNanoseconds
    follow(GCAllocationStall.self) { tracker, event, time in
      // The event comes some time after the stall.
      let end = Int64(clamping: event.until).subtractingClamped(Int64(clamping: start))
      tracker.stalled(event, end: min(end, time))
    }
    followAllocations(replay)
  }

  private func follow<Event: TraceEvent>(
    _ type: Event.Type, _ body: @escaping (inout CollectionTracker, Event, Int64) -> Void
  ) {
    processes.follow(type) { body(&$0, $1, $2.timestamp) }
  }

  /// Reads only the amounts: these events are the most frequent ones, and have names of types.
  private func followAllocations(_ replay: Replay) {
    let amount = "allocationAmount"
    var filter = ReplayFilter()
    filter.admits = {
      $0.provider == RuntimeSchema.providerName && $0.id == GCAllocationTick.eventID
    }
    var fields = TypeTable(replay.file) { schema in
      schema.fields.firstIndex { $0.name == amount && $0.type.isUnsignedNumber }
    }
    replay.onAny(where: filter, fields: .named([amount])) { [processes] event in
      let header = event.header
      guard processes.selection.admits(pid: header.pid), let field = fields[event.typeIndex]
      else { return }
      let bytes = event.word(field)
      processes.update(header) { $0.allocated(bytes, at: header.timestamp) }
    }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no collections.
  public func finish() throws(NothingToReport) -> GCReport {
    let what = "garbage collections"
    guard !processes.isEmpty else {
      throw processes.nothing(what, keyword: "GC", GCStart.schema)
    }
    var rows = processes.rows { [processes] tracker, _, covered -> GCReport.Process? in
      let row = CollectionSummary(
        tracker, covered, processes.losses, processes.selection.time
      ).process
      return row.isEmpty ? nil : row
    }
    guard !rows.isEmpty else { throw .noneSelected(what: what) }
    // The report is complete without it; what is damaged, it says anyway.
    if withThreads, !isGrowing, let file { try? PauseEves.add(to: &rows, file, symbols) }
    let isCut = processes.contains { $0.isCut || $0.stalls.isCut }
    return GCReport(
      heading: processes.heading(listLimit: listLimit, limited: isCut ? "collections" : nil),
      processes: rows)
  }
}

extension GCHeapStats {
  fileprivate var size_bytes: UInt64 {
    [generationSize0, generationSize1, generationSize2, generationSize3, generationSize4]
      .reduce(0) { $0.addingClamped($1) }
  }

  fileprivate var promoted_bytes: UInt64 {
    [
      totalPromotedSize0, totalPromotedSize1, totalPromotedSize2, totalPromotedSize3,
      totalPromotedSize4,
    ].reduce(0) { $0.addingClamped($1) }
  }
}
