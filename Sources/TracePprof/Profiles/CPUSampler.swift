internal import CTraceShims
internal import Glibc

/// Takes CPU samples of this process by its threads' CPU-time timers, without any privilege.
///
/// - Guarantee: when ``run(rate:seconds:cancellation:)`` returns, its timers are deleted and its
///   memory is released. One run at a time.
/// - Cost: for each sample a signal that copies at most 32 KiB, and some microseconds of unwinding
///   on the calling thread; 8 MB of address space while it runs.
/// - Trap: as for all timers of CPU time, the kernel looks at its ticks: with 250 a second, a rate
///   of 999 gives 250 samples, each of which stands for the time since the one before. A thread
///   that blocks SIGPROF is not sampled, nor is the calling one.
struct CPUSampler {
  static let rates: ClosedRange<Int> = 1...1000
  private static let slotCount: UInt32 = 256
  private static let drain_ns: UInt64 = 10_000_000
  private static let rescan_ns: UInt64 = 50_000_000

  static let busy = PprofRefusal(
    409, "A CPU profile is already being taken; only one can be taken at a time.")

  /// What a run found.
  struct Samples {
    var counts = StackCounts()
    /// Timer periods that are not in the counts.
    var lost: UInt64 = 0
    var interval_ns: UInt64 = 0
    /// How long it ran.
    var duration_ns: UInt64 = 0
    var threads: [UInt32: OwnThread] = [:]
  }

  private var timers: [UInt32: UnsafeMutableRawPointer?] = [:]
  private var samples = Samples()
  private let stacks = OwnStacks.take()
  private let own = trace_thread_id()

  /// Samples for some seconds, or until it is cancelled.
  static func run(
    rate: Int, seconds: Double, cancellation: Cancellation
  ) throws(PprofRefusal) -> Samples {
    switch trace_stops_open(UInt32(TRACE_STOP_TIMER), slotCount) {
    case 0: break
    case EALREADY: throw busy
    case EBUSY:
      throw PprofRefusal(
        501, "This program has its own handler of SIGPROF, so no CPU profile can be taken.")
    case let code:
      throw PprofRefusal(
        500, "A CPU profile cannot be taken: \(String(cString: strerror(code))).")
    }
    defer { trace_stops_close(UInt32(TRACE_STOP_TIMER)) }
    var sampler = CPUSampler()
    sampler.samples.interval_ns = UInt64(1_000_000_000 / max(1, rate))
    sampler.take(UInt64(seconds * 1e9), cancellation)
    sampler.stacks.giveBack()
    return sampler.samples
  }

  private mutating func take(_ length_ns: UInt64, _ cancellation: Cancellation) {
    let start = trace_monotonic_ns()
    var scanned: UInt64 = 0
    while true {
      let now = trace_monotonic_ns()
      if now &- scanned >= Self.rescan_ns {
        findThreads()
        scanned = now
      }
      let passed = now &- start
      if passed >= length_ns || cancellation.isSet { break }
      cancellation.wait(nanoseconds: min(Self.drain_ns, length_ns - passed))
      drain()
    }
    for timer in timers.values { trace_sampling_timer_delete(timer) }
    drain()
    // A thread often gets its name after its start.
    for tid in samples.threads.keys {
      if let thread = OwnThreads.thread(tid) { samples.threads[tid] = thread }
    }
    samples.duration_ns = trace_monotonic_ns() &- start
    samples.lost = trace_stops_lost(UInt32(TRACE_STOP_TIMER)) &+ samples.counts.left
  }

  /// Creates timers for new threads, and deletes those of threads that have ended.
  private mutating func findThreads() {
    var ended = timers
    for tid in OwnThreads.ids() where tid != own {
      if ended.removeValue(forKey: tid) != nil { continue }
      var timer: UnsafeMutableRawPointer?
      guard trace_stop_timer_create(tid, samples.interval_ns, &timer) == 0 else { continue }
      timers[tid] = timer
      samples.threads[tid] = OwnThreads.thread(tid)
    }
    for (tid, timer) in ended {
      trace_sampling_timer_delete(timer)
      timers[tid] = nil
    }
  }

  private mutating func drain() {
    var position: UInt32 = 0
    while let stop = trace_stops_next(UInt32(TRACE_STOP_TIMER), &position) {
      let stack = stacks.stack(of: stop)
      samples.counts.add(stack, tid: stop.pointee.tid, count: stop.pointee.periods)
      trace_stop_free(stop)
    }
  }
}
