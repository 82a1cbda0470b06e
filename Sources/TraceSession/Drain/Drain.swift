import CTraceShims
import Glibc
import Locks
import Synchronization
package import TraceFormat
package import TraceRing

/// Drains a session's rings into its trace file, on a separate thread.
///
/// - Guarantee: events in a ring when ``stop()`` is called are in the file when it returns, or
///   counted as lost. A producer that overwrites a ring with other data loses records, but does not
///   affect the drain.
/// - Cost: sleeps while rings are empty; wakes when a ring is a quarter full, and every
///   ``Options/pollMilliseconds``.
package final class Drain: Sendable {
  package struct Options: Sendable {
    /// The longest sleep: the maximum age of an event before it is read.
    package var pollMilliseconds: Int32 = 100
    /// The interval at which read events are written as a block, with a clock sync and the losses
    /// so far.
    package var flushNanoseconds: UInt64 = 1_000_000_000
    /// Whether this is a flight recorder: rings are read only when the session stops.
    package var keepsUntilStop = false
    /// Called on the drain's thread with the written trace, before the file's end; returns the
    /// symbols to write.
    package var symbols: (@Sendable (TraceFile) -> [ImageSymbols])?

    package init() {}
  }

  /// An action that the drain's thread performs with the writer between two stretches of events.
  package typealias Command = @Sendable (inout TraceWriter) -> Void

  private struct Shared {
    var commands: [Command] = []
    var newSets: [DrainedSet] = []
    var removedSets: [UInt32] = []
    var processes: [UInt32: UInt32] = [:]
    var statistics = DrainStatistics()
    var flushRequested = false
    /// Losses of events that reached no ring.
    var missed: [LossRecord] = []
  }

  private let shared = Lock(Shared())
  private let hasDefinitions = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  /// The times up to which the session's own sources have delivered all events; `UInt64.max` for a
  /// source that does not exist.
  private let kernelTicks = Atomic<UInt64>(.max)
  private let codeFileTicks = Atomic<UInt64>(.max)
  private let dotNetTicks = Atomic<UInt64>(.max)
  /// The socket through which emitters report that a ring fills.
  private let wakeDescriptor: Int32
  private let kick: Int32
  private let options: Options
  private let thread = Lock<NamedThread?>(nil)

  /// Takes ownership of the writer and starts. `wakeDescriptor` is the socket through which
  /// emitters wake the drain; the caller owns it and must keep it open until ``stop()`` has
  /// returned.
  ///
  /// - Throws: if no thread can be created; the file is then closed as it is.
  package init(
    writer: consuming TraceWriter, wakeDescriptor: Int32, options: Options = Options()
  ) throws(SessionError) {
    self.wakeDescriptor = wakeDescriptor
    // Without one, requests wait for the drain's next poll.
    kick = trace_wake_descriptor()
    self.options = options
    let start = DrainStart(DrainWork(writer: writer))
    let started = try NamedThread("trace-drain") { [self] in start.run(self) }
    thread.withLock { $0 = started }
  }

  /// Adds a buffer set; its rings are streams `firstStream`, `firstStream` + 1, …
  package func add(_ set: BufferSet, id: UInt32, firstStream: UInt32) {
    enqueue { $0.newSets.append(DrainedSet(set, id: id, firstStream: firstStream)) }
  }

  /// Reads the remaining events of a set whose last process has gone, and releases it.
  package func remove(setID: UInt32) { enqueue { $0.removedSets.append(setID) } }

  /// Allows `process` to write into a set. Records in the set that name a process without this
  /// permission are dropped and counted.
  package func admit(process: UInt32, toSet setID: UInt32) {
    enqueue { $0.processes[process] = setID }
  }

  /// Runs `command` on the drain's thread before it reads any event emitted from now on.
  package func perform(_ command: @escaping Command) { enqueue { $0.commands.append(command) } }

  /// Records the loss of events that were emitted but reached no ring.
  package func lost(_ count: UInt64, _ cause: LossCause, process: UInt32?) {
    let ticks = ClockKind.here.now()
    let record = LossRecord(
      stream: StreamNumbers.unrecorded, cpu: EventHeader.noCPU, cause: cause, count: count,
      fromTicks: ticks,
      toTicks: ticks, processIndex: process)
    enqueue { $0.missed.append(record) }
  }

  /// A source of events other than the rings.
  package enum Source { case kernel, codeFiles, dotNet }

  /// Reports that the commands passed to ``perform(_:)`` so far contain all events of one of the
  /// session's own sources up to these ticks. The file is marked as complete at most up to this
  /// time.
  package func complete(_ source: Source, to ticks: UInt64) {
    perform { [self] _ in set(source, completeTo: ticks) }
  }

  /// Sets the same time immediately, for a source that begins or is cancelled (`UInt64.max`).
  package func set(_ source: Source, completeTo ticks: UInt64) {
    switch source {
    case .kernel: kernelTicks.store(ticks, ordering: .relaxed)
    case .codeFiles: codeFileTicks.store(ticks, ordering: .relaxed)
    case .dotNet: dotNetTicks.store(ticks, ordering: .relaxed)
    }
  }

  /// Requests that the events read so far be written soon.
  package func flush() { enqueue { $0.flushRequested = true } }

  package var statistics: DrainStatistics { shared.withLock { $0.statistics } }

  /// Reads the remaining events, and ends the file and the thread. Repeated calls return the same
  /// result.
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
    trace_lengthen_slice()
    work.syncClock()
    var nextFlush = trace_monotonic_ns() + options.flushNanoseconds
    while true {
      // Checked before the rings are read, so that events emitted before the stop are read below.
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

  /// Applies the definitions of other threads. Called after a stretch was copied and before it is
  /// parsed. An event's definition is enqueued before the event can be emitted, so it is always
  /// known by then.
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

  /// Handles requests that must not be handled in the middle of a stretch.
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
    work.flush(
      sourceTicks: min(
        kernelTicks.load(ordering: .relaxed), codeFileTicks.load(ordering: .relaxed),
        dotNetTicks.load(ordering: .relaxed)))
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

/// The statistics of a drain.
package struct DrainStatistics: Sendable {
  package var events: UInt64 = 0
  /// Size of the file in bytes.
  package var bytes: UInt64 = 0
  package var lost: [LossCause: UInt64] = [:]
  /// Problems of buffer sets' memory, by set.
  package var suspicions: [UInt32: Suspicion] = [:]
  package var failure: FormatError?
  /// Numbers of processes that the file does not describe fully.
  package var limitedProcesses = LimitedProcesses()

  package var lostTotal: UInt64 {
    lost.values.reduce(0) { $0.addingClamped($1) }
  }
}

/// Problems of the memory of a buffer set, and the processes that can have caused them.
package struct Suspicion: Sendable, Equatable {
  /// Number of records that do not match their events' schemas, or name a process with other
  /// buffers.
  package var malformed: UInt64 = 0
  /// Whether the set contained bytes that no emitter writes.
  package var isOverwritten = false
  /// Whether counters had impossible values, so that the number of lost events is not known.
  package var hasImplausibleCounters = false
  /// All processes that can write into the set; one of them is the cause.
  package var processes: [UInt32] = []

  package init() {}
}

/// A buffer set and the stream numbers of its rings.
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

/// Passes the work to the drain's thread.
private final class DrainStart: @unchecked Sendable {
  private var work: DrainWork?

  init(_ work: consuming DrainWork) { self.work = consume work }

  /// Runs the work; called once, on that thread.
  func run(_ drain: Drain) {
    guard var work = work.take() else { return }
    drain.run(&work)
  }
}
