import CTraceShims
import Synchronization
import TraceEvents
import TraceFormat

/// Reads jitdump files and perf maps on a thread of its own, so that a slow disk or a long file
/// holds up nothing else.
///
/// - Guarantee: what the processes had written when ``stop()`` is called is in the drain's hands
///   when it returns, up to a time limit, which is a problem then.
/// - Cost: asleep for a tenth of a second between two looks; a look is a system call a file.
final class CodeFileSource: SessionSource {
  /// Processes that have joined the session.
  typealias Connected = @Sendable () -> [ConnectedImages.Process]

  private struct State {
    var notices: [CodeFileNotice] = []
    var dropped = 0
    var isStopping = false
    var problems = CodeFileProblems()
  }

  private let channel: SystemChannel
  /// Asked for the processes that run, where nobody posts notices.
  private let connected: Connected?
  private let clock = CounterClock()
  private let state = Monitor(State())
  private let thread = Mutex<NamedThread?>(nil)

  private static let pollNanoseconds: UInt64 = 100_000_000
  /// How long reading may go on after the session's end.
  private static let stopLimit_ns: UInt64 = 5_000_000_000

  /// - Parameter connected: gives the processes that have joined; nil where notices are posted.
  init(_ channel: SystemChannel, connected: Connected? = nil) {
    self.channel = channel
    self.connected = connected
  }

  func start() throws(SessionError) {
    let started = try NamedThread("trace-jitfiles") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Tells of processes. The processes' numbers must be on their way to the drain already.
  func post(_ notices: [CodeFileNotice]) {
    guard !notices.isEmpty else { return }
    state.withLock { state in
      let room = max(0, CodeFileLimits.notices - state.notices.count)
      state.notices += notices.prefix(room)
      state.dropped += max(0, notices.count - room)
    }
  }

  /// Reads what is left, and ends. Again: does nothing.
  func stop() {
    state.withLock { $0.isStopping = true }
    thread.withLock { $0 }?.join()
  }

  /// What went wrong, in sentences.
  var problems: [String] { state.withLock { $0.problems }.sentences }

  // MARK: On the thread

  private func run() {
    let follower = CodeFileFollower(CodeFileShared(ChannelCodeOutput(channel), clock: clock))
    var hasMore = false
    while true {
      state.wait(nanoseconds: hasMore ? 0 : Self.pollNanoseconds) {
        $0.isStopping || !$0.notices.isEmpty
      }
      let (notices, isStopping) = state.withLock { state in
        defer { state.notices = [] }
        return (state.notices, state.isStopping)
      }
      for notice in notices { follower.take(notice) }
      if let connected {
        follower.take(connected: connected(), atTicks: ClockKind.here.now())
      }
      if isStopping { break }
      hasMore = follower.round()
      publish(follower)
    }
    follower.stop(deadline: trace_monotonic_ns() &+ Self.stopLimit_ns)
    publish(follower)
  }

  private func publish(_ follower: CodeFileFollower) {
    let problems = follower.shared.problems
    state.withLock { state in
      state.problems = problems
      state.problems.dropped = state.dropped
    }
  }
}
