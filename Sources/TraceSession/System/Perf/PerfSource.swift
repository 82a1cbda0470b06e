import CTraceShims
import Glibc
import Locks
import Synchronization
import TraceAnalysis
import TraceEvents
import TraceFormat
import TraceKernel

/// Records CPU samples, context switches and process events from the kernel, on a separate thread.
///
/// - Guarantee: records that the kernel had written when ``stop()`` is called have been delivered
///   to the drain when it returns, or are counted as lost.
/// - Cost: sleeps until a CPU's ring is a quarter full, at most a tenth of a second. While it
///   works, it gives way to others (``ReaderTurns``).
final class PerfSource: SessionSource {
  fileprivate struct Figures: Hashable {
    var lost: UInt64 = 0
    var throttled: UInt64 = 0
    var malformed: UInt64 = 0
    var stackProblems: [String] = []
    var cutStacks: UInt64 = 0
    var framesMax = 0
  }

  private let wish: PerfPlan.Wish
  private let channel: SystemChannel
  private let filter: ProgramFilter
  private let codeFiles: CodeFileSource
  private let connectedIndex: @Sendable (UInt32) -> UInt32?
  private let kick: Int32
  private let isStopping = Atomic<Bool>(false)
  private let thread = Lock<NamedThread?>(nil)
  private let opened = Monitor<Result<PerfPlan, PerfRefusal>?>(nil)
  private let state = Lock(Figures())

  private static let pollMilliseconds: Int32 = 100
  /// Maximum time to wait for a batch before checking the rings again.
  private static let batchLimit_ns: UInt64 = 1_000_000_000
  /// Number of processes reported between two reads of the rings.
  private static let rundownStep = 16

  init(
    _ wish: PerfPlan.Wish, filter: ProgramFilter, channel: SystemChannel,
    codeFiles: CodeFileSource,
    connectedIndex: @escaping @Sendable (UInt32) -> UInt32?
  ) {
    self.wish = wish
    self.filter = filter
    self.channel = channel
    self.codeFiles = codeFiles
    self.connectedIndex = connectedIndex
    kick = trace_wake_descriptor()
  }

  deinit { if kick >= 0 { close(kick) } }

  private var figures: Figures { state.withLock { $0 } }

  var lost: UInt64 { figures.lost }

  var problems: [String] {
    let figures = figures
    var sentences: [String] = []
    if figures.throttled > 0 {
      sentences.append(
        "the kernel throttled sampling \(counted(figures.throttled, "time")) "
          + "(kernel.perf_cpu_time_max_percent); use a lower rate")
    }
    if case .success(let plan) = outcome { sentences += plan.switches?.problems ?? [] }
    sentences += figures.stackProblems
    if figures.cutStacks > 0 {
      sentences.append(
        "\(counted(figures.cutStacks, "stack has", "stacks have")) \(figures.framesMax) frames, "
          + "the kernel's limit, and may lack outer frames; raise kernel.perf_event_max_stack")
    }
    if figures.malformed > 0 {
      sentences.append("\(counted(figures.malformed, "record")) of the kernel could not be read")
    }
    return sentences
  }

  /// The recorded events, or the reason why there are none; nil before ``start()``.
  var outcome: Result<PerfPlan, PerfRefusal>? { opened.withLock { $0 } }

  /// Returns when events are being recorded, or were refused, as stated by ``outcome``.
  func start() throws(SessionError) {
    let started = try NamedThread("trace-perf") { [self] in run() }
    thread.withLock { $0 = started }
    opened.wait(nanoseconds: .max / 4) { $0 != nil }
    if case .failure = outcome { stop() }
  }

  /// Ends recording, and delivers the remaining events. Repeated calls do nothing.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    trace_wake(kick)
    thread.withLock { $0 }?.join()
  }

  // MARK: On the thread

  private func run() {
    trace_lengthen_slice()
    let events: PerfEvents
    channel.begin(atTicks: ClockKind.here.now())
    do throws(PerfRefusal) { events = try open() } catch {
      channel.cancel()
      opened.withLock { $0 = .failure(error) }
      return
    }
    var reader = PerfReader(
      events, wish, filter: filter, channel: channel, connectedIndex: connectedIndex)
    opened.withLock { $0 = .success(events.plan) }
    var running = processesAtStart()
    while !isStopping.load(ordering: .acquiring) {
      wait(events, milliseconds: running.isEmpty ? Self.pollMilliseconds : 0)
      let batch = channel.take(waitingNanoseconds: Self.batchLimit_ns)
      guard let batch else { continue }
      reader.round(into: batch, isLast: false)
      for pid in running.suffix(Self.rundownStep) { reader.rundown(of: pid) }
      running.removeLast(min(Self.rundownStep, running.count))
      hand(over: batch, reader)
    }
    events.silence()
    var batch: SystemBatch?
    while batch == nil { batch = channel.take(waitingNanoseconds: Self.batchLimit_ns) }
    reader.finish(into: batch!)
    hand(over: batch!, reader)
  }

  private func hand(over batch: SystemBatch, _ reader: borrowing PerfReader) {
    let complete = batch.completeTicks
    channel.send(batch)
    codeFiles.post(reader.notices.take(), completeTo: complete)
    let figures = reader.figures
    state.withLock { $0 = figures }
  }

  private func open() throws(PerfRefusal) -> PerfEvents {
    let cpu = PerfSettings.onlineCPUs[0]
    let plan: PerfPlan
    switch wish.scope {
    case .wholeMachine, .descendants: plan = try .find(wish, pid: -1, cpu: cpu)
    case .children(let thread): plan = try .find(wish, pid: thread, cpu: cpu)
    case .processes, .families: plan = try .find(wish, pid: 0, cpu: cpu)
    }
    return try PerfEvents(plan, scope: wish.scope)
  }

  private func processesAtStart() -> [UInt32] {
    switch wish.scope {
    case .children, .descendants: []
    case .processes(let pids): pids
    case .families(let pids): pids + ProcessFamily.descendants(of: Set(pids)).sorted()
    case .wholeMachine: ProcFiles.processes()
    }
  }

  private func wait(_ events: PerfEvents, milliseconds: Int32) {
    let readable = Int16(POLLIN)
    var polls = [pollfd(fd: kick, events: readable, revents: 0)]
    for ring in events.rings {
      polls.append(pollfd(fd: ring.descriptor, events: readable, revents: 0))
    }
    trace_poll(&polls, UInt(polls.count), milliseconds)
  }
}

/// Reads the rings, round by round, and translates their records.
private struct PerfReader: ~Copyable {
  private let events: PerfEvents
  private let sink: BatchSink
  private let stacks: SampleStacks
  let notices = CodeFileNotices()
  private let translator: PerfTranslator
  private var inbox: PerfInbox
  /// The reading thread, whose name records are ignored: see ``PerfRing/tellLosses()``.
  private let ownThread = trace_thread_id()

  init(
    _ events: PerfEvents, _ wish: PerfPlan.Wish, filter: ProgramFilter, channel: SystemChannel,
    connectedIndex: @escaping (UInt32) -> UInt32?
  ) {
    self.events = events
    sink = BatchSink(
      refs: channel.refs, cpus: events.rings.map(\.cpu), joinedIndex: connectedIndex)
    stacks = SampleStacks(wish.sampling?.walk ?? .framePointers)
    var clock = PerfClock(isMonotonic: ClockKind.here == .monotonic)
    clock.look()
    translator = PerfTranslator(
      wish.translation(of: events.plan.source, filter), ringCount: events.rings.count,
      clock: clock, facts: LiveProcessFacts(images: channel.images), sink: sink, stacks: stacks,
      runtimeCode: notices)
    translator.switches = events.switches
    translator.switches.followThreads = wish.scope.followsThreads
    translator.onThread = { events.inherited(by: $0) }
    inbox = PerfInbox(
      ringCount: events.rings.count, ringBytes: events.rings.map(\.byteCount).max() ?? 0,
      parser: events.plan.parser)
  }

  var figures: PerfSource.Figures {
    PerfSource.Figures(
      lost: translator.lost, throttled: translator.throttled,
      malformed: translator.malformed &+ inbox.malformed, stackProblems: stacks.problems,
      cutStacks: stacks.figures.deep, framesMax: stacks.framesMax)
  }

  /// Translates the records in the rings; the batch states the time up to which they are complete.
  mutating func round(into batch: SystemBatch, isLast: Bool) {
    sink.begin(batch)
    translator.clock.look()
    let now = trace_monotonic_ns()
    var isHurried = isLast
    for (index, ring) in events.rings.enumerated() {
      inbox.receive(ring: index, atNanoseconds: now) {
        let count = ring.take(into: $0)
        if count >= ring.byteCount / 4 { isHurried = true }
        return count
      }
    }
    let (translator, ownThread) = (translator, ownThread)
    var turns = ReaderTurns(isHurried: isHurried)
    inbox.deliver(before: isLast ? nil : now) { ring, stamp, record in
      if case .name(_, ownThread, _, _) = record { return }
      translator.take(record, stamp, ring: ring)
      turns.next()
    }
    translator.endMissing(atNanoseconds: now, isLast: isLast)
    if !isLast { batch.completeTicks = translator.clock.ticks(at: now &- PerfInbox.settling_ns) }
  }

  /// Translates the remaining records. Reading the rings makes room for the kernel to report the
  /// losses after its last record.
  mutating func finish(into batch: SystemBatch) {
    round(into: batch, isLast: false)
    for ring in events.rings { ring.tellLosses() }
    round(into: batch, isLast: true)
  }

  /// Reports a process that ran before the session, in the batch of the last round.
  func rundown(of pid: UInt32) { translator.rundown(of: pid, atNanoseconds: trace_monotonic_ns()) }
}

extension PerfPlan.Wish {
  /// The options for translating the kernel's records.
  func translation(of source: SampleSource, _ filter: ProgramFilter) -> PerfTranslator.Options {
    let recorder = UInt32(getpid())
    let scope: PerfTranslator.Scope =
      switch self.scope {
      case .children: .children(parent: recorder)
      case .descendants(let thread):
        .descendants(thread: UInt32(bitPattern: thread), parent: recorder)
      case .processes, .families, .wholeMachine: .all
      }
    return PerfTranslator.Options(
      samplePeriod_ns: sampling?.period_ns, source: source, scope: scope, filter: filter)
  }
}
