internal import TraceEvents
internal import TraceFormat

/// Feeds a ``ThreadBook`` with the events of a run over a trace, and knows the threads' names.
final class ThreadFeed {
  let names = ThreadNames()
  @exclusivity(unchecked) var book: ThreadBook

  /// Subscribes to losses, and to the events about switches and threads.
  init(
    _ filter: ThreadFilter, _ replay: Replay, tally: WaitTally = WaitTally(),
    history: ThreadHistory? = nil
  ) {
    let file = replay.file
    book = ThreadBook(filter, tally: tally)
    book.history = history
    replay.onLossAhead { [self] in book.losses.addOfSession($0, in: file) }
    names.subscribe(to: replay)
    let start = file.ticksRange.map { file.timestamp(ofTicks: $0.lowerBound) } ?? 0
    replay.on(ContextSwitch.self) { [self] in book.switched($0, $1) }
    replay.on(ReadyThread.self) { [self] in book.woken($0, $1) }
    replay.on(ThreadStart.self) { [self] in book.began($1, traceStart: start) }
    replay.on(ProcessStart.self) { [self] in book.began($1, traceStart: start) }
    replay.on(ProcessExec.self) { [self] in book.executed($1) }
    replay.on(ThreadStop.self) { [self] in book.end($1) }
  }

  /// Returns the book as it is if the trace ends now. All tracks end at the end of the trace or of
  /// their process.
  func closedBook(_ file: TraceFile) -> ThreadBook {
    var book = book
    // A wait that the trace's end cuts off is open, or its thread was woken and did not run yet.
    book.onWait = nil
    let spans = ProcessSpans(file, nil)
    for (number, track) in book.tracks.enumerated() {
      let span = spans.span(ofProcess: track.processIndex, firstEvent: track.firstEvent)
      book.close(number, at: span.to, processEnded: span.hasEnded)
    }
    return book
  }

  /// Whether a trace has context switches.
  static func hasSwitches(_ file: TraceFile) -> Bool {
    file.eventTypes.contains {
      $0.schema.provider == SystemSchema.providerName && $0.schema.id == ContextSwitch.eventID
        && $0.count > 0
    }
  }
}
