internal import TraceEvents
internal import TraceFormat

/// The waits of native threads by process and stack, of which those at futexes are reported.
///
/// What a stack waits for is known only when its frames have names; until then, all are kept.
final class FutexWaits {
  /// Maximum number of stacks, and of waits.
  static let stacksMax = 1 << 15
  static let waitsMax = 1 << 21

  struct Key: Hashable {
    var process: UInt32
    var stack: StackID
  }

  typealias Tallies = [Key: LockTally]

  /// Where native code waits.
  struct Place: Hashable {
    var kind: ContentionReport.Kind
    var frames: [StackFrame]
  }

  private let selection: ClosedRange<Int64>?
  private let feed: ThreadFeed
  @exclusivity(unchecked) private(set) var tallies: Tallies = [:]
  private(set) var isCut = false
  @exclusivity(unchecked) private var waitCount = 0

  /// Subscribes to losses, and to the events about switches and threads.
  init(selection: ClosedRange<Int64>?, _ replay: Replay) {
    self.selection = selection
    var tally = WaitTally()
    tally.keepsWaits = false
    feed = ThreadFeed(ThreadFilter(), replay, tally: tally)
    feed.book.onWait = { [unowned self] in add($0, $1, $2) }
  }

  /// The names of threads.
  var names: ThreadNames { feed.names }

  /// Returns the book as it is if the trace ends now.
  func closedBook(_ file: TraceFile) -> ThreadBook { feed.closedBook(file) }

  /// A wait without an end, with its thread.
  struct Open {
    var tid: UInt32
    var wait: SingleWait
  }

  /// Waits without an end, by the trace's number of the process.
  static func openWaits(_ book: ThreadBook) -> [UInt32: [Open]] {
    Dictionary(
      grouping: book.tally.open.map { Open(tid: book.tracks[Int($0.track)].tid, wait: $0) }
    ) { book.tracks[Int($0.wait.track)].processIndex }
  }

  private func add(_ track: ThreadTrack, _ blocked: UInt64, _ wakeUp: ThreadTrack.WakeUp?) {
    guard track.stack != .none, selection?.contains(track.since) ?? true else { return }
    let key = Key(process: track.processIndex, stack: track.stack)
    guard waitCount < Self.waitsMax, tallies[key] != nil || tallies.count < Self.stacksMax else {
      return isCut = true
    }
    waitCount += 1
    let owner = wakeUp.flatMap { wakeUp in
      wakeUp.context != WakeContext.thread.rawValue
        ? nil
        : LockOwner(
          tid: wakeUp.tid, process: wakeUp.process, stack: wakeUp.stack, time: wakeUp.time)
    }
    tallies[key, default: LockTally()].add(
      EndedWait(
        tid: track.tid, start: track.since, duration: blocked, stack: track.stack, owner: owner))
  }
}

extension ContentionReport.Kind {
  /// What native code waits for according to the frames of its stack, innermost first; nil if it
  /// does not wait at a futex.
  static func of(_ frames: [StackFrame]) -> ContentionReport.Kind? {
    guard WaitReason.of(frames) == .futex else { return nil }
    for frame in frames where frame.kind == .function && frame.module != "[k]" {
      let name = frame.function
      if conditions.contains(where: name.contains) { return .condition }
      if locks.contains(where: name.contains) { return .lock }
    }
    return .futex
  }

  /// Parts of the names of functions that wait for something else than a lock.
  private static let conditions = [
    "cond_wait", "cond_timedwait", "cond_clockwait", "sem_wait", "sem_timedwait", "sem_clockwait",
    "pthread_join", "pthread_timedjoin", "pthread_clockjoin", "barrier_wait", "thread_join",
    "condition_variable", "Parker::park", "ParkEvent", "PlatformEvent::park",
  ]

  private static let locks = ["mutex_lock", "mutex_timedlock", "lll_lock", "rwlock_", "os_lock"]
}
