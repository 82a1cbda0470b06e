import CTraceShims
import Glibc
import Synchronization
import TraceEvents
import TraceFormat

/// CPU samples, context switches and what happens to processes, from the kernel, on a thread of its
/// own.
///
/// - Guarantee: what the kernel had written when ``stop()`` is called is in the drain's hands when
///   it returns, or counted as lost.
/// - Cost: asleep until a CPU's ring is a quarter full, or a tenth of a second.
final class PerfSource: Sendable {
  struct Figures: Hashable {
    var lost: UInt64 = 0
    var throttled: UInt64 = 0
    var malformed: UInt64 = 0
    var stackProblems: [String] = []
    var cutStacks: UInt64 = 0
    var framesMax = 0
  }

  private struct Opened: Sendable {
    var plan: PerfPlan?
    var refusal: PerfRefusal?
  }

  private let wish: PerfPlan.Wish
  private let channel: SystemChannel
  private let filter: ProgramFilter
  private let codeFiles: CodeFileSource
  private let connectedIndex: @Sendable (UInt32) -> UInt32?
  private let kick: Int32
  private let isStopping = Atomic<Bool>(false)
  private let thread = Mutex<NamedThread?>(nil)
  private let opened = Monitor(Opened())
  private let state = Mutex(Figures())

  private static let pollMilliseconds: Int32 = 100
  /// How long a batch is waited for before the rings are looked at again.
  private static let batchLimit_ns: UInt64 = 1_000_000_000
  /// Processes told of between two looks at the rings.
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

  var figures: Figures { state.withLock { $0 } }

  /// Returns once events are being recorded; what they are.
  func start() throws -> PerfPlan {
    let started = try NamedThread("trace-perf") { [self] in run() }
    thread.withLock { $0 = started }
    opened.wait(nanoseconds: .max / 4) { $0.plan != nil || $0.refusal != nil }
    if let refusal = opened.withLock({ $0.refusal }) {
      stop()
      throw refusal
    }
    return opened.withLock { $0.plan! }
  }

  /// Ends recording, and hands over what is left. Again: does nothing.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    trace_wake(kick)
    thread.withLock { $0 }?.join()
  }

  // MARK: On the thread

  private func run() {
    let events: PerfEvents
    do throws(PerfRefusal) { events = try open() } catch {
      opened.withLock { $0.refusal = error }
      return
    }
    var clock = PerfClock(isMonotonic: ClockKind.here == .monotonic)
    clock.look()
    let translator = PerfTranslator(
      refs: channel.refs, plan: events.plan, wish: wish, cpus: events.rings.map(\.cpu),
      clock: clock, images: channel.images, filter: filter, connectedIndex: connectedIndex)
    translator.onThread = { events.inherited(by: $0) }
    opened.withLock { $0.plan = events.plan }
    var reader = PerfReader(events, translator)
    var running = processesAtStart()
    while !isStopping.load(ordering: .acquiring) {
      wait(events, milliseconds: running.isEmpty ? Self.pollMilliseconds : 0)
      let batch = channel.take(waitingNanoseconds: Self.batchLimit_ns)
      guard let batch else { continue }
      translator.begin(batch)
      reader.round(isLast: false)
      for pid in running.suffix(Self.rundownStep) {
        translator.rundown(of: pid, atNanoseconds: trace_monotonic_ns())
      }
      running.removeLast(min(Self.rundownStep, running.count))
      channel.send(batch)
      codeFiles.post(translator.codeFiles.take())
      publish(translator, reader.malformed)
    }
    events.silence()
    finish(&reader, translator)
  }

  private func finish(_ reader: inout PerfReader, _ translator: PerfTranslator) {
    var batch: SystemBatch?
    while batch == nil { batch = channel.take(waitingNanoseconds: Self.batchLimit_ns) }
    translator.begin(batch!)
    reader.round(isLast: true)
    channel.send(batch!)
    codeFiles.post(translator.codeFiles.take())
    publish(translator, reader.malformed)
  }

  private func publish(_ translator: PerfTranslator, _ malformed: UInt64) {
    state.withLock {
      $0.lost = translator.lost
      $0.throttled = translator.throttled
      $0.stackProblems = translator.stacks.problems
      $0.malformed = translator.malformed &+ malformed
      $0.cutStacks = translator.stacks.figures.deep
      $0.framesMax = translator.stacks.framesMax
    }
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
    poll(&polls, nfds_t(polls.count), milliseconds)
  }
}

/// Empties the rings, round by round.
private struct PerfReader: ~Copyable {
  private let events: PerfEvents
  private let translator: PerfTranslator
  private var inbox: PerfInbox

  init(_ events: PerfEvents, _ translator: PerfTranslator) {
    self.events = events
    self.translator = translator
    inbox = PerfInbox(
      ringCount: events.rings.count, ringBytes: events.rings.map(\.byteCount).max() ?? 0,
      parser: events.plan.parser)
  }

  var malformed: UInt64 { inbox.malformed }

  mutating func round(isLast: Bool) {
    translator.clock.look()
    let now = trace_monotonic_ns()
    for (index, ring) in events.rings.enumerated() {
      inbox.receive(ring: index, atNanoseconds: now) { ring.take(into: $0) }
    }
    let translator = translator
    inbox.deliver(before: isLast ? nil : now) { ring, stamp, record in
      translator.take(record, stamp, ring: ring)
    }
  }
}
