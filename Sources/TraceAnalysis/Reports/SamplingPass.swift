public import TraceEvents
public import TraceFormat

/// Reads how a trace's CPU samples were taken; nil if the session took none.
///
/// - Cost: reads the blocks that contain the session's sampling event, usually one.
public final class SamplingPass: Pass {
  /// Sampling parameters, available after ``Replay/run()``.
  public private(set) var started: SamplingStarted?

  public init() {}

  /// Subscribes to the sampling event.
  public func subscribe(to replay: Replay) {
    // Without this check, the replay would search blocks of unknown types for an absent event.
    let isThere = replay.file.eventTypes.contains {
      $0.schema == SamplingStarted.schema && $0.count > 0
    }
    guard isThere else { return }
    replay.on(SamplingStarted.self) { [self] event, _ in
      if started == nil { started = event }
    }
  }

  /// Returns the sampling parameters.
  public func finish() -> SamplingStarted? { started }
}
