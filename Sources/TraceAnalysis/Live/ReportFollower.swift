public import TraceFormat

/// Makes reports of a trace that is still being written, of what has arrived so far.
///
///     let follower = try ReportFollower(GCPass(), following: TraceFile(path: "trace.etl"))
///     while case .report(let report) = try follower.next() { show(report) }
///
/// - Guarantee: the pass receives the events in time order and each once, as in a run over the
///   finished file; see ``LiveTrace/init(following:inOrder:)``.
/// - Cost: reads each event once. A report takes time that depends on what the pass keeps, which is
///   limited, and reports follow each other so that at most a tenth of the time is spent on them.
/// - Trap: not thread-safe.
public final class ReportFollower<Maker: ReportPass> {
  /// The result of ``next(isStopped:)``.
  public enum Step {
    /// A report of what has arrived so far.
    case report(Maker.Output)
    /// There is nothing to report yet.
    case nothing(NothingToReport)
    /// The file is finished. A new pass can make the report of the whole file.
    case end
    /// `isStopped` returned true.
    case stopped
  }

  /// The part of the time that is spent on reports, as a divisor.
  private static var share: Int64 { 10 }

  private let pass: Maker
  private let live: LiveTrace
  private let interval_ns: Int64
  private var due: ContinuousClock.Instant

  /// - Parameter interval_ns: the shortest time between two reports.
  /// - Throws: errors of the pass.
  public init(
    _ pass: Maker, following file: TraceFile, interval_ns: Int64 = 1_000_000_000
  ) throws {
    (self.pass, self.interval_ns) = (pass, interval_ns)
    live = LiveTrace(following: file, inOrder: true)
    due = .now
    try pass.subscribe(to: live.replay)
  }

  /// Reads what arrives until the next report is due, and returns it.
  ///
  /// - Parameter isStopped: called about ten times a second.
  /// - Throws: errors of the pass; if the trace ends without being finished, the reason, as a
  ///   ``LiveTraceError`` or a ``FormatError``. ``last()`` then has all events of the file.
  public func next(isStopped: () -> Bool = { false }) throws -> Step {
    while true {
      if isStopped() { return .stopped }
      let step: LiveTrace.Step
      do { step = try live.next() } catch let error as LiveTraceError {
        try live.handOutRest()
        throw error
      }
      if step == .end { return .end }
      let now = ContinuousClock.now
      guard now >= due else { continue }
      defer {
        let spent = ContinuousClock.now - now
        due = now + max(.nanoseconds(interval_ns), spent * Self.share)
      }
      return try last()
    }
  }

  /// Returns the report of what has arrived so far.
  public func last() throws -> Step {
    do { return .report(try pass.finish()) } catch let nothing as NothingToReport {
      return .nothing(nothing)
    }
  }
}
