internal import TraceEvents
public import TraceFormat

/// Makes a ``GCReport``.
///
/// - Guarantee: a duration is that of a beginning and its own end. Where events of a process may
///   have been lost between the two, the beginning is listed as open.
/// - Cost: reads only the blocks with GC or process events, and decodes only these. Memory is about
///   150 bytes per collection.
public final class GCPass: ReportPass {
  private let selection: ReportSelection
  private let listLimit: Int?
  private var replay: Replay?
  private var processes: Processes?
  /// By the trace's number of the process.
  private var trackers: [UInt32: CollectionTracker] = [:]
  private var losses = LossWindows()

  /// - Parameter listLimit: the report's ``GCReport/listLimit``.
  public init(_ selection: ReportSelection = ReportSelection(), listLimit: Int? = nil) {
    self.selection = selection
    self.listLimit = listLimit
  }

  /// Subscribes to the GC events, the events about processes, and losses.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    let processes = Processes(replay.file)
    processes.subscribe(to: replay)
    self.processes = processes
    follow(GCStart.self, replay) { $0.start($1, at: $2) }
    follow(GCEnd.self, replay) { $0.end($1, at: $2) }
    follow(GCSuspendBegin.self, replay) { $0.suspend($1, at: $2) }
    follow(GCSuspendEnd.self, replay) { $0.suspended(at: $2) }
    follow(GCRestartBegin.self, replay) { tracker, _, _ in tracker.restarting() }
    follow(GCRestartEnd.self, replay) { $0.restarted(at: $2) }
    follow(GCHeapStats.self, replay) {
      $0.heap(bytes: $1.size_bytes, promoted: $1.promoted_bytes, at: $2)
    }
    let start = replay.file.session.start.monotonicNanoseconds
    follow(GCAllocationStall.self, replay) { tracker, event, time in
      // The event comes some time after the stall.
      let end = Int64(clamping: event.until).subtractingClamped(Int64(clamping: start))
      tracker.stalled(event, end: min(end, time))
    }
    followAllocations(replay)
    let file = replay.file
    replay.onLoss { [self] in losses.add($0, in: file) }
  }

  private func follow<Event: TraceEvent>(
    _ type: Event.Type, _ replay: Replay,
    _ body: @escaping (inout CollectionTracker, Event, Int64) -> Void
  ) {
    replay.on(type) { [self] event, header in
      // The rundown describes no collections.
      guard selection.admits(pid: header.pid), !header.flags.contains(.rundown) else { return }
      body(&trackers[header.processIndex, default: tracker(header)], event, header.timestamp)
    }
  }

  private func tracker(_ header: EventHeader) -> CollectionTracker {
    CollectionTracker(firstEvent: header.timestamp, selection: selection.time)
  }

  /// Reads only the amounts: these events are the most frequent ones, and have names of types.
  private func followAllocations(_ replay: Replay) {
    let amount = "allocationAmount"
    var filter = ReplayFilter()
    filter.admits = {
      $0.provider == RuntimeSchema.providerName && $0.id == GCAllocationTick.eventID
    }
    let fields = replay.file.eventTypes.map { type in
      type.schema.fields.firstIndex { $0.name == amount && $0.type.isUnsignedNumber }
    }
    replay.onAny(where: filter, fields: .named([amount])) { [self, fields] event in
      let header = event.header
      guard selection.admits(pid: header.pid), let field = fields[event.typeIndex] else { return }
      trackers[header.processIndex, default: tracker(header)].allocated(
        event.word(field), at: header.timestamp)
    }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no collections.
  public func finish() throws(NothingToReport) -> GCReport {
    guard let replay, let processes else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    let what = "garbage collections"
    guard !trackers.isEmpty else {
      throw .nothing(what, keyword: "GC", GCStart.schema, replay, selection)
    }
    let history = processes.finish()
    let spans = ProcessSpans(replay.file, selection.time)
    var found: [GCReport.Process] = []
    for (index, tracker) in trackers {
      let pid = replay.file.process(index: index)?.pid ?? 0
      let process = history.process(pid, at: tracker.firstEvent)
      guard selection.admits(process) else { continue }
      let life = spans.span(ofProcess: index, firstEvent: tracker.firstEvent)
      let summary = CollectionSummary(tracker, process, life, losses, selection.time)
      found.append(summary.process)
    }
    guard found.contains(where: { !$0.isEmpty }) else { throw .noneSelected(what: what) }
    var partial = PartialReason.reasons(replay)
    if trackers.values.contains(where: { $0.isCut || $0.stalls.isCut }) {
      partial.append(.limited(what: "collections"))
    }
    return GCReport(
      lost: LostEvents(replay.file.lossTotals), partial: partial, trace: replay.file.path,
      events: replay.file.eventCount,
      processes: found.filter { !$0.isEmpty }.sorted {
        ($0.pid, $0.from_ns) < ($1.pid, $1.from_ns)
      },
      listLimit: listLimit)
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
