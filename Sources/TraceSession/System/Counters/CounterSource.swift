import CTraceShims
import Glibc
import Locks
import Synchronization
import TraceFormat

/// Records counters of the machine, of traced processes and of their cgroups at intervals.
///
/// - Guarantee: reads once when it starts and once when it stops. Each reading has its own time, so
///   a late one makes no rate wrong.
/// - Cost: about 0.2 ms for each reading of a machine with two CPUs and one traced process. Events
///   are handed over after ``readingsHeld`` readings, because a column of one value does not
///   compress.
/// - Trap: a process that lives for less than the interval may be missed.
final class CounterSource: SessionSource {
  /// Maximum number of readings, and the time, for which events are held.
  static let readingsHeld = 10
  static let heldMax_ns: UInt64 = 10_000_000_000

  private let interval_ns: UInt64
  private let channel: SystemChannel
  private let filter: ProcessFilter
  private let connected: @Sendable () -> [ConnectedImages.Process]
  private let kick: Int32
  private let isStopping = Atomic<Bool>(false)
  private let thread = Lock<NamedThread?>(nil)
  private let hasBegun = Monitor(false)
  private let leftOut = Lock<[String]>([])

  private static let batchLimit_ns: UInt64 = 1_000_000_000

  /// - Parameters:
  ///   - channel: one of its own, because a batch is held for long.
  ///   - filter: the processes to record besides those that are connected.
  init(
    interval_ns: UInt64, _ channel: SystemChannel, _ filter: ProcessFilter,
    connected: @escaping @Sendable () -> [ConnectedImages.Process]
  ) {
    self.interval_ns = max(1, interval_ns)
    (self.channel, self.filter, self.connected) = (channel, filter, connected)
    kick = trace_wake_descriptor()
  }

  deinit { if kick >= 0 { close(kick) } }

  /// Returns after the first reading.
  func start() throws(SessionError) {
    let started = try NamedThread("trace-counters") { [self] in run() }
    thread.withLock { $0 = started }
    hasBegun.wait(nanoseconds: Self.batchLimit_ns) { $0 }
  }

  /// Reads once more, and ends. Repeated calls do nothing.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    trace_wake(kick)
    thread.withLock { $0 }?.join()
  }

  var problems: [String] { leftOut.withLock { $0 } }

  // MARK: On the thread

  private func run() {
    var sampler = CounterSampler(
      interval_ns: interval_ns, refs: channel.refs,
      CountedProcesses(filter, connected: connected))
    var batch: SystemBatch?
    var readings = 0
    var held_ns: UInt64 = 0
    var next_ns = trace_monotonic_ns()
    while true {
      let isLast = isStopping.load(ordering: .acquiring)
      let isFirst = readings == 0
      if batch == nil { batch = channel.take(waitingNanoseconds: Self.batchLimit_ns) }
      if let current = batch {
        if current.isEmpty { held_ns = trace_monotonic_ns() }
        sampler.sample(current)
        readings += 1
        let sentences = sampler.leftOut
        if isFirst || isLast { sampler.describe(current) }
        let isOld = trace_monotonic_ns() &- held_ns >= Self.heldMax_ns
        if isFirst || isLast || isOld || readings.isMultiple(of: Self.readingsHeld) {
          channel.send(current)
          batch = nil
        }
        leftOut.withLock { $0 = sentences }
      }
      hasBegun.withLock { $0 = true }
      if isLast { return }
      next_ns = wait(until: next_ns.addingClamped(interval_ns))
    }
  }

  /// Waits for a time or the end; returns the time, or a later one if it had passed already.
  private func wait(until time_ns: UInt64) -> UInt64 {
    let now_ns = trace_monotonic_ns()
    let due_ns = time_ns > now_ns ? time_ns : now_ns.addingClamped(interval_ns)
    while !isStopping.load(ordering: .acquiring) {
      let now_ns = trace_monotonic_ns()
      guard now_ns < due_ns else { break }
      let rest_ms = (due_ns - now_ns).addingClamped(999_999) / 1_000_000
      var polls = [pollfd(fd: kick, events: Int16(POLLIN), revents: 0)]
      if trace_poll(&polls, 1, Int32(clamping: rest_ms)) > 0 { break }
    }
    return due_ns
  }
}
