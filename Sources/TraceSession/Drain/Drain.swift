import CTraceShims
import Glibc
import Synchronization
package import TraceFormat
package import TraceRing

/// Empties a session's rings into its trace file, on a thread of its own.
///
/// - Guarantee: what is in a ring when ``stop()`` is called is in the file when it returns, or
///   counted as lost. A producer that scribbles over a ring costs records, never the drain.
/// - Cost: asleep while nothing fills; woken when a ring is a quarter full, and every
///   ``Options/pollMilliseconds``.
package final class Drain: Sendable {
  package struct Options: Sendable {
    /// Longest sleep: how old an event may become before it is read.
    package var pollMilliseconds: Int32 = 100
    /// How often what was read is written as a block, with a clock sync and the losses so far.
    package var flushNanoseconds: UInt64 = 1_000_000_000
    /// A flight recorder: rings are read only when the session stops.
    package var keepsUntilStop = false
    /// Called on the drain's thread with all that is written, before the file's end: gives the
    /// symbols to write.
    package var symbols: (@Sendable (TraceFile) -> [ImageSymbols])?

    package init() {}
  }

  /// Something for the drain's thread to do with the writer between two stretches of events.
  package typealias Command = @Sendable (inout TraceWriter) -> Void

  private struct Shared {
    var commands: [Command] = []
    var newSets: [DrainedSet] = []
    var removedSets: [UInt32] = []
    var processes: [UInt32: UInt32] = [:]
    var statistics = DrainStatistics()
    var flushRequested = false
    /// Events that reached no ring.
    var missed: [LossRecord] = []
  }

  private let shared = Mutex(Shared())
  private let hasDefinitions = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  /// Up to when the session's own source has handed everything over; all, where there is none.
  private let sourceTicks = Atomic<UInt64>(.max)
  /// Where emitters say that a ring fills.
  private let wakeDescriptor: Int32
  private let kick: Int32
  private let options: Options
  private let thread = Mutex<NamedThread?>(nil)

  /// Takes over the writer and starts. `wakeDescriptor` is the socket by which emitters wake it; it
  /// stays the caller's and must be open until ``stop()`` has returned.
  ///
  /// - Throws: when no thread is to be had; the file is then closed as it is.
  package init(
    writer: consuming TraceWriter, wakeDescriptor: Int32, options: Options = Options()
  ) throws(SessionError) {
    self.wakeDescriptor = wakeDescriptor
    // Where there is none, what is asked of the drain waits for its next poll.
    kick = trace_wake_descriptor()
    self.options = options
    let start = DrainStart(DrainWork(writer: writer))
    let started = try NamedThread("trace-drain") { [self] in start.run(self) }
    thread.withLock { $0 = started }
  }

  /// Drains another buffer set; its rings are streams `firstStream`, `firstStream` + 1, …
  package func add(_ set: BufferSet, id: UInt32, firstStream: UInt32) {
    enqueue { $0.newSets.append(DrainedSet(set, id: id, firstStream: firstStream)) }
  }

  /// Reads what is left in a set whose last process has gone, and lets it go.
  package func remove(setID: UInt32) { enqueue { $0.removedSets.append(setID) } }

  /// Lets `process` write into a set. Records there that name another process are dropped and
  /// counted.
  package func admit(process: UInt32, toSet setID: UInt32) {
    enqueue { $0.processes[process] = setID }
  }

  /// Runs `command` on the drain's thread before it looks at any event that is emitted from now on.
  package func perform(_ command: @escaping Command) { enqueue { $0.commands.append(command) } }

  /// Records events that were emitted and reached no ring.
  package func lost(_ count: UInt64, _ cause: LossCause, process: UInt32?) {
    let ticks = ClockKind.here.now()
    let record = LossRecord(
      stream: StreamNumbers.unrecorded, cpu: EventHeader.noCPU, cause: cause, count: count,
      fromTicks: ticks,
      toTicks: ticks, processIndex: process)
    enqueue { $0.missed.append(record) }
  }

  /// A source of the session's own has events up to these ticks in what was ``perform``ed before.
  /// The file is called complete up to there at most.
  package func sourceIsComplete(to ticks: UInt64) {
    perform { [self] _ in setSource(completeTo: ticks) }
  }

  /// The same at once, for a source that begins or is none after all (`UInt64.max`).
  package func setSource(completeTo ticks: UInt64) { sourceTicks.store(ticks, ordering: .relaxed) }

  /// Writes what was read so far, soon.
  package func flush() { enqueue { $0.flushRequested = true } }

  package var statistics: DrainStatistics { shared.withLock { $0.statistics } }

  /// Reads what is left, ends the file and the thread. Again: returns the same.
  @discardableResult
  package func stop() -> DrainStatistics {
    isStopping.store(true, ordering: .releasing)
    trace_wake(kick)
    thread.withLock { $0 }?.join()
    return statistics
  }

  private func enqueue(_ change: (inout sending Shared) -> Void) {
    shared.withLock { change(&$0) }
    hasDefinitions.store(true, ordering: .releasing)
    trace_wake(kick)
  }

  // MARK: On the drain's thread

  func run(_ work: inout DrainWork) {
    work.syncClock()
    var nextFlush = trace_monotonic_ns() + options.flushNanoseconds
    while true {
      // Asked before the rings are read: what was emitted before the stop is then read below.
      let stopping = isStopping.load(ordering: .acquiring)
      work.beginRound()
      takeDefinitions(&work)
      work.writeDefinitions()
      let words = options.keepsUntilStop ? 0 : work.drainRings { self.takeDefinitions(&$0) }
      takeRequests(&work)
      if stopping { break }
      if trace_monotonic_ns() >= nextFlush {
        flush(&work)
        nextFlush = trace_monotonic_ns() + options.flushNanoseconds
      }
      publish(work.statistics)
      if words < DrainWork.busyWords { sleep(&work) }
    }
    work.finish(symbols: options.symbols)
    publish(work.statistics)
  }

  /// Takes in what other threads have defined. Called after a stretch was copied and before it is
  /// parsed, so that an event's definition, asked for before the event could be emitted, is always
  /// there.
  private func takeDefinitions(_ work: inout DrainWork) {
    guard hasDefinitions.exchange(false, ordering: .acquiringAndReleasing) else { return }
    let (sets, commands, processes) = shared.withLock { shared in
      defer {
        shared.commands = []
        shared.newSets = []
      }
      return (shared.newSets, shared.commands, shared.processes)
    }
    for set in sets { work.add(set) }
    work.admit(processes)
    for command in commands { work.perform(command) }
  }

  /// What must not happen in the middle of a stretch.
  private func takeRequests(_ work: inout DrainWork) {
    let (removed, flush, missed) = shared.withLock { shared in
      defer {
        shared.missed = []
        shared.removedSets = []
        shared.flushRequested = false
      }
      return (shared.removedSets, shared.flushRequested, shared.missed)
    }
    for record in missed { work.report(record) }
    for id in removed { work.remove(setID: id) { self.takeDefinitions(&$0) } }
    if flush { self.flush(&work) }
  }

  private func flush(_ work: inout DrainWork) {
    work.flush(sourceTicks: sourceTicks.load(ordering: .relaxed))
  }

  private func publish(_ statistics: DrainStatistics) {
    shared.withLock { $0.statistics = statistics }
  }

  deinit { if kick >= 0 { close(kick) } }

  private func sleep(_ work: inout DrainWork) {
    work.requestWake()
    var polls = [kick, wakeDescriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard trace_poll(&polls, UInt(polls.count), options.pollMilliseconds) > 0 else { return }
    if polls[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(kick, &count, 8)
    }
    if polls[1].revents != 0 { trace_take_wakes(wakeDescriptor) }
  }
}

/// What a drain has done so far.
package struct DrainStatistics: Sendable {
  package var events: UInt64 = 0
  /// Bytes of the file.
  package var bytes: UInt64 = 0
  package var lost: [LossCause: UInt64] = [:]
  /// What was wrong with buffer sets' memory, by set.
  package var suspicions: [UInt32: Suspicion] = [:]
  package var failure: FormatError?
  /// Processes that the file does not describe fully.
  package var limitedProcesses = LimitedProcesses()

  package var lostTotal: UInt64 {
    lost.values.reduce(0) { $0.addingClamped($1) }
  }
}

/// What was wrong with the memory of a buffer set, and who can have done it.
package struct Suspicion: Sendable, Equatable {
  /// Records that do not match their events' schemas, or name a process that has other buffers.
  package var malformed: UInt64 = 0
  /// There were bytes that no emitter writes.
  package var isOverwritten = false
  /// Counters said what cannot be: how many events were lost is not known.
  package var hasImplausibleCounters = false
  /// Every process that can write there; one of them did it.
  package var processes: [UInt32] = []

  package init() {}
}

/// A buffer set and how the file calls its rings.
package struct DrainedSet: Sendable {
  var set: BufferSet
  var id: UInt32
  var firstStream: UInt32

  init(_ set: BufferSet, id: UInt32, firstStream: UInt32) {
    self.set = set
    self.id = id
    self.firstStream = firstStream
  }
}

/// Carries the work to the thread that does it.
private final class DrainStart: @unchecked Sendable {
  private var work: DrainWork?

  init(_ work: consuming DrainWork) { self.work = consume work }

  /// Once, on that thread.
  func run(_ drain: Drain) {
    guard var work = work.take() else { return }
    drain.run(&work)
  }
}
