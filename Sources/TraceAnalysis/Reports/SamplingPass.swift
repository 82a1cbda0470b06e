public import TraceEvents
public import TraceFormat

/// How a trace's CPU samples were taken; nil where the session took none.
///
/// - Cost: reads the blocks that have the session's own statement, usually one.
public final class SamplingPass: Pass {
  /// The session's statement, after ``Replay/run()``.
  public private(set) var started: SamplingStarted?

  public init() {}

  /// Asks for the statement.
  public func subscribe(to replay: Replay) {
    // Without the event, the replay must not look for it in blocks of unknown types.
    let isThere = replay.file.eventTypes.contains {
      $0.schema == SamplingStarted.schema && $0.count > 0
    }
    guard isThere else { return }
    replay.on(SamplingStarted.self) { [self] event, _ in
      if started == nil { started = event }
    }
  }

  /// The session's statement.
  public func finish() -> SamplingStarted? { started }
}
