import Locks
public import TraceFormat

extension Session {
  /// Returns a live trace of the events from now on, preceded by the earlier events that describe
  /// the processes, threads, images and code to which they may refer.
  ///
  ///     try session.start()
  ///     let live = try session.liveTrace()
  ///     let names = LiveSymbolizer(live.file)
  ///     names.subscribe(to: live.replay)
  ///     live.replay.on(SampledProfile.self) { event, header in … }
  ///     try live.run()                 // on a thread of its own, until the session ends
  ///
  /// Events arrive a flush interval late, block by block.
  ///
  /// - Guarantee: ends when the session is stopped, after the last event; if the session fails,
  ///   ends with an error that states the reason. A slow reader of a session that writes a file
  ///   loses nothing, because it reads the file. For any other session, at most `limit` bytes of
  ///   blocks are queued; beyond that, the oldest events are dropped, and the reader receives
  ///   losses with the cause ``LossCause/notKept`` for them.
  /// - Cost: events are decoded on the reader's thread. Joining completes the current block early.
  /// - Throws: a ``LiveTraceError`` if the session is not running or has failed.
  public func liveTrace(limit: Int = 64 << 20) throws -> LiveTrace {
    guard let running = runningNow else { throw LiveTraceError.notRunning }
    if let failure = running.drain.statistics.failure {
      throw LiveTraceError.sessionFailed(failure)
    }
    guard let hub = running.hub else {
      return LiveTrace(
        try reopenedFile(running.drain),
        GrowingFile(joinsNow: true) { [self] in try mayGrow() })
    }
    let queue = LiveQueue(limit: limit) { [self] in _ = try mayGrow() }
    let live = try LiveTrace(queue) { hub.leave(queue) }
    try running.drain.performAndWait { writer in
      writer.beginStacksAnew()
      hub.join(queue)
    }
    return live
  }

  private func reopenedFile(_ drain: Drain) throws -> TraceFile {
    let found = Monitor<Reopened?>(nil)
    try drain.performAndWait { writer in
      let result = Result { () throws(FormatError) in try writer.reopened() }
      found.withLock { $0 = Reopened(result: result) }
    }
    guard let file = found.withLock({ $0 }) else { throw LiveTraceError.notRunning }
    return try file.result.mapError(LiveTraceError.sessionFailed).get()
  }

  /// Whether the trace may get more events; throws why not.
  private func mayGrow() throws -> Bool {
    if let failure = statistics.failure { throw LiveTraceError.sessionFailed(failure) }
    return runningNow != nil
  }
}

/// Passes the file from the drain's thread, which does not keep it, to the reader's thread.
private struct Reopened: @unchecked Sendable {
  var result: Result<TraceFile, FormatError>
}

extension Drain {
  /// Maximum time to wait for a busy drain.
  private static let limit_ns: UInt64 = 10_000_000_000

  /// Runs `command` on the drain's thread, and waits until it has finished.
  ///
  /// - Throws: ``LiveTraceError/notRunning`` after ten seconds.
  func performAndWait(_ command: @escaping Command) throws(LiveTraceError) {
    let isDone = Monitor(false)
    perform { writer in
      command(&writer)
      isDone.withLock { $0 = true }
    }
    guard isDone.wait(nanoseconds: Self.limit_ns, until: { $0 }) else { throw .notRunning }
  }
}
