import CTraceShims
import Locks
import TraceEvents
import TraceFormat

/// Reads jitdump files and perf maps on a separate thread, so that a slow disk or a long file
/// delays nothing else.
///
/// - Guarantee: data that the processes had written when ``stop()`` is called has been delivered to
///   the drain when it returns, within a time limit; exceeding it is reported as a problem.
/// - Cost: sleeps a tenth of a second between two rounds; a round takes one system call for each
///   file.
final class CodeFileSource: SessionSource {
  /// Processes that have joined the session.
  typealias Connected = @Sendable () -> [ConnectedImages.Process]

  private struct State {
    var notices: [CodeFileNotice] = []
    var dropped = 0
    /// Time up to which the notices are complete.
    var completeTicks: UInt64 = 0
    var isStopping = false
    var problems = CodeFileProblems()
  }

  private let channel: SystemChannel
  /// Returns the running processes; used if no notices are posted.
  private let connected: Connected?
  private let clock = CounterClock()
  private let state = Monitor(State())
  private let thread = Lock<NamedThread?>(nil)

  private static let pollNanoseconds: UInt64 = 100_000_000
  /// Maximum time by which a file that grows faster than it is read delays the mark of the trace's
  /// completeness.
  private static let lagMax_ns: UInt64 = 2_000_000_000
  /// Maximum time of reading after the session's end.
  private static let stopLimit_ns: UInt64 = 5_000_000_000

  /// - Parameter connected: returns the processes that have joined; nil if notices are posted.
  init(_ channel: SystemChannel, connected: Connected? = nil) {
    self.channel = channel
    self.connected = connected
  }

  func start() throws(SessionError) {
    let begin = ClockKind.here.now()
    channel.begin(.codeFiles, atTicks: begin)
    state.withLock { $0.completeTicks = max($0.completeTicks, begin) }
    let started = try NamedThread("trace-jitfiles") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Posts notices about processes. The processes' definitions must already have been sent to the
  /// drain.
  ///
  /// - Parameter ticks: the time up to which these and earlier notices are complete; nil if it is
  ///   not known.
  func post(_ notices: [CodeFileNotice], completeTo ticks: UInt64? = nil) {
    if let ticks { state.changeQuietly { $0.completeTicks = max($0.completeTicks, ticks) } }
    guard !notices.isEmpty else { return }
    state.withLock { state in
      let room = max(0, CodeFileLimits.notices - state.notices.count)
      state.notices += notices.prefix(room)
      state.dropped += max(0, notices.count - room)
    }
  }

  /// Reads the remaining data, and ends. Repeated calls do nothing.
  func stop() {
    state.withLock { $0.isStopping = true }
    thread.withLock { $0 }?.join()
  }

  /// Problems, as sentences.
  var problems: [String] { state.withLock { $0.problems }.sentences }

  // MARK: On the thread

  private func run() {
    trace_lengthen_slice()
    let follower = CodeFileFollower(CodeFileShared(ChannelCodeOutput(channel), clock: clock))
    var hasMore = false
    var readAt = ClockKind.here.now()
    while true {
      state.wait(nanoseconds: hasMore ? 0 : Self.pollNanoseconds) {
        $0.isStopping || !$0.notices.isEmpty
      }
      let begin = ClockKind.here.now()
      let (notices, noticed, isStopping) = state.withLock { state in
        defer { state.notices = [] }
        return (state.notices, state.completeTicks, state.isStopping)
      }
      for notice in notices { follower.take(notice) }
      if let connected {
        follower.take(connected: connected(), atTicks: ClockKind.here.now())
      }
      if isStopping { break }
      hasMore = follower.round()
      if !hasMore { readAt = begin }
      complete(to: readAt, noticedTo: noticed, now: begin)
      publish(follower)
    }
    follower.stop(deadline: trace_monotonic_ns() &+ Self.stopLimit_ns)
    publish(follower)
  }

  /// Marks the trace as complete with the code that the files announced up to a time.
  ///
  /// - Parameters:
  ///   - readAt: when the files were last read to their ends.
  ///   - noticed: the time up to which the processes' notices are complete.
  private func complete(to readAt: UInt64, noticedTo noticed: UInt64, now: UInt64) {
    let lagMax = Self.lagMax_ns / 1000 * ClockKind.here.ticksPerSecond / 1_000_000
    let read = max(readAt, now > lagMax ? now - lagMax : 0)
    channel.complete(.codeFiles, to: connected == nil ? min(read, noticed) : read)
  }

  private func publish(_ follower: CodeFileFollower) {
    let problems = follower.shared.problems
    state.withLock { state in
      state.problems = problems
      state.problems.dropped = state.dropped
    }
  }
}
