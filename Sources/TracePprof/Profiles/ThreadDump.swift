internal import CTraceShims
internal import Glibc
internal import Locks

/// The stacks of all threads of this process at about one time.
///
/// - Guarantee: ends within ``limit_ns``; a thread that does not answer is in the result without a
///   stack.
/// - Cost: a signal for each thread, and 2 MB of address space meanwhile.
/// - Trap: a system call that the signal interrupts is resumed, except those that never are, such
///   as `nanosleep`, `poll` and `epoll_wait`: they return EINTR, as after any signal.
struct ThreadDump {
  /// A thread with its stack; nil if it gave none.
  struct Entry {
    var thread: OwnThread
    var stack: [UInt64]?
  }

  private static let limit_ns: UInt64 = 5_000_000_000
  /// Threads asked at a time, and how long they are waited for.
  private static let batch = 64
  private static let batchLimit_ns: UInt64 = 250_000_000
  private static let pause_ns: UInt64 = 200_000
  /// A signal is lost if another SIGPROF waits for the same thread.
  private static let askAgain_ns: UInt64 = 50_000_000
  private static let oneAtATime = Lock(())

  private var entries: [Entry] = []
  private var positions: [UInt32: Int] = [:]
  private let stacks = OwnStacks.take()

  /// Takes the stacks.
  static func take(_ cancellation: Cancellation) throws(PprofRefusal) -> [Entry] {
    let result = oneAtATime.withLock { _ in
      let code = trace_stops_open(UInt32(TRACE_STOP_ASKED), UInt32(2 * batch))
      guard code == 0 else { return Result<[Entry], PprofRefusal>.failure(refusal(code)) }
      defer { trace_stops_close(UInt32(TRACE_STOP_ASKED)) }
      var dump = ThreadDump()
      dump.ask(cancellation)
      dump.stacks.giveBack()
      return .success(dump.entries)
    }
    return try result.get()
  }

  private static func refusal(_ code: Int32) -> PprofRefusal {
    if code == EBUSY {
      return PprofRefusal(
        501, "This program has its own handler of SIGPROF, so its threads cannot be asked.")
    }
    return PprofRefusal(
      500, "The threads cannot be asked: \(String(cString: strerror(code))).")
  }

  private init() {
    for tid in OwnThreads.ids() {
      guard let thread = OwnThreads.thread(tid) else { continue }
      positions[tid] = entries.count
      entries.append(Entry(thread: thread))
    }
  }

  private mutating func ask(_ cancellation: Cancellation) {
    let end = trace_monotonic_ns() &+ Self.limit_ns
    var first = 0
    while first < entries.count, trace_monotonic_ns() < end, !cancellation.isSet {
      let last = min(entries.count, first + Self.batch)
      ask(first..<last, until: min(end, trace_monotonic_ns() &+ Self.batchLimit_ns))
      first = last
    }
  }

  private mutating func ask(_ range: Range<Int>, until end: UInt64) {
    var waiting = Set(range.filter { !entries[$0].thread.blocksSignal })
    var asked: UInt64 = 0
    while !waiting.isEmpty {
      let now = trace_monotonic_ns()
      if now >= end { return }
      if now &- asked > Self.askAgain_ns {
        for index in waiting where trace_stop_ask(entries[index].thread.tid) == ESRCH {
          waiting.remove(index)
        }
        asked = now
      }
      Cancellation.pause(nanoseconds: Self.pause_ns)
      drain { waiting.remove($0) }
    }
  }

  private mutating func drain(_ answered: (Int) -> Void) {
    var position: UInt32 = 0
    while let stop = trace_stops_next(UInt32(TRACE_STOP_ASKED), &position) {
      if let index = positions[stop.pointee.tid] {
        if entries[index].stack == nil { entries[index].stack = stacks.stack(of: stop) }
        answered(index)
      }
      trace_stop_free(stop)
    }
  }
}
