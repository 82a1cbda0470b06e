internal import TraceEvents
internal import TraceFormat

/// Feeds a ``ThreadBook`` with the events of a run over a trace, and knows the threads' names.
final class ThreadFeed {
  let names = ThreadNames()
  var book: ThreadBook

  /// Reads the losses of a trace, and subscribes to the events about switches and threads.
  ///
  /// - Parameter file: the trace of `replay`.
  init(
    _ filter: ThreadFilter, _ file: TraceFile, _ replay: Replay, tally: WaitTally = WaitTally(),
    history: ThreadHistory? = nil
  ) throws {
    var filter = filter
    try filter.prepare(for: file)
    book = ThreadBook(filter, losses: try Self.losses(of: file), tally: tally)
    book.history = history
    names.subscribe(to: replay)
    let start = file.ticksRange.map { file.timestamp(ofTicks: $0.lowerBound) } ?? 0
    replay.on(ContextSwitch.self) { [self] in book.switched($0, $1) }
    replay.on(ReadyThread.self) { [self] in book.woken($0, $1) }
    replay.on(ThreadStart.self) { [self] in book.began($1, traceStart: start) }
    replay.on(ProcessStart.self) { [self] in book.began($1, traceStart: start) }
    replay.on(ProcessExec.self) { [self] in book.executed($1) }
    replay.on(ThreadStop.self) { [self] in book.end($1) }
  }

  /// Losses of the session's own events; a thread's next event may come from any CPU.
  private static func losses(of file: TraceFile) throws -> LossWindows {
    var losses = LossWindows()
    guard !file.lossTotals.isEmpty else { return losses }
    var found: [(from: Int64, until: Int64)] = []
    let replay = Replay(file)
    replay.onLoss { loss in
      // Losses in the rings of programs concern only the programs' own events.
      let isOfProgram =
        StreamNumbers.rings.contains(loss.stream) && loss.cause != .kernelBufferFull
      guard !isOfProgram else { return }
      found.append(
        (file.timestamp(ofTicks: loss.fromTicks), file.timestamp(ofTicks: loss.toTicks)))
    }
    try replay.run()
    for loss in found.sorted(by: { $0.until < $1.until }) {
      losses.add(nil, from: loss.from, until: loss.until)
    }
    return losses
  }

  /// Ends all tracks at the end of the trace or of their process.
  func close(_ file: TraceFile) {
    let spans = ProcessSpans(file, nil)
    for (number, track) in book.tracks.enumerated() {
      let span = spans.span(ofProcess: track.processIndex, firstEvent: track.firstEvent)
      book.close(number, at: span.to, processEnded: span.hasEnded)
    }
  }

  /// Whether a trace has context switches.
  static func hasSwitches(_ file: TraceFile) -> Bool {
    file.eventTypes.contains {
      $0.schema.provider == SystemSchema.providerName && $0.schema.id == ContextSwitch.eventID
        && $0.count > 0
    }
  }
}
