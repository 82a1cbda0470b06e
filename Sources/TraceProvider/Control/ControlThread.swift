import CTraceShims
import Glibc
import Synchronization
import TraceControl

/// The thread that talks to sessions, one per process. The first provider starts it. It sleeps
/// unless something happens, and blocks all signals except its own faults.
///
/// `TRACE_DISABLE=1` prevents it from starting. `TRACE_REGISTER_TIMEOUT` (milliseconds) limits how
/// long announcing a provider waits for existing sessions: by default 50 ms, and 30,000 ms for the
/// session that started the program.
enum ControlThread {
  private enum Phase {
    static let idle: UInt32 = 0
    static let running: UInt32 = 1
    /// There is no thread and none will be started.
    static let off: UInt32 = 2
  }

  /// Words shared by several threads, in separate memory so that threads can wait on them.
  private struct Words {
    var phase: UInt32 = Phase.idle
    /// Changes whenever one of the next three changes; waiters are then woken.
    var version: UInt32 = 0
    /// The number of providers, from the first announced, that every session has answered for.
    var settled: UInt32 = 0
    /// The same for the session that started this program; all providers if there is none.
    var awaited: UInt32 = 0
    /// 1 once the directories have been read.
    var hasLooked: UInt32 = 0
    /// Number of existing sessions, including those that could not be reached yet.
    var sessionCount: UInt32 = 0
    /// 1 if one of them started this program.
    var hasExpected: UInt32 = 0
    /// The value of `settled` for which a wait timed out; other threads need not wait for it again.
    var givenUp: UInt32 = .max
    var wakeDescriptor: UInt32 = .max
    /// The kernel's id of the thread.
    var threadID: UInt32 = 0
  }

  nonisolated(unsafe) private static let words = {
    let words = UnsafeMutablePointer<Words>.allocate(capacity: 1)
    words.initialize(to: Words())
    return words
  }()
  /// Identity of the wake descriptor, for emitters.
  nonisolated(unsafe) private static var wakeIdentity: DescriptorIdentity?
  private static let watchesForks = Atomic<Bool>(false)

  /// The stack has room for the callbacks of providers. Memory is used only as needed.
  private static let stackBytes = 512 << 10
  private static let registerTimeoutDefault_ms: UInt64 = 50
  private static let expectedTimeout_ms: UInt64 = 30_000
  private static let registerTimeoutMax_ms: UInt64 = 60_000

  /// Announces a new provider to every session. Waits, for a limited time, until the sessions that
  /// want it have enabled it.
  static func providerAdded(_ provider: RegisteredProvider) {
    Registry.resumeAfterFork()
    if trace_load_u32(&words.pointee.phase) == Phase.off { return provider.settle() }
    let hint = hint()
    // There is no session to answer: events emitted before the thread has read the directories
    // precede any session.
    if hint == .none { provider.settle() }
    if trace_compare_exchange_u32(&words.pointee.phase, Phase.idle, Phase.running) {
      let isOff = RendezvousPaths.environmentValue("TRACE_DISABLE") == "1"
      guard !isOff, start() else {
        trace_store_u32(&words.pointee.phase, Phase.off)
        return provider.settle()
      }
      // The thread reads the list of providers, which has this one, before it first sleeps.
    } else {
      // If there is no descriptor yet, the thread reads the list again after it has made one.
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      wakeThread()
    }
    if hint == .none { return }
    let now = trace_monotonic_ns()
    provider.waitEnds(at_ns: now &+ timeout_ns(hint == .expected))
    // The owner's callbacks have run by then.
    wait(for: provider) { Int(trace_load_u32(&words.pointee.settled)) > provider.position }
  }

  /// Called by an emitter. Waits until the sessions have answered for the provider, or the time
  /// limit is reached.
  static func waitUntilSettled(_ provider: RegisteredProvider) {
    wait(for: provider) { provider.isSettled }
  }

  private static func wakeThread() {
    let wake = Int32(bitPattern: trace_load_u32(&words.pointee.wakeDescriptor))
    if wake >= 0, OpenDescriptors.isIntact(wake) { trace_wake(wake) }
  }

  /// Called by an emitter, which may be a signal handler.
  static func wakeFromEmitter() {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let wake = Int32(bitPattern: trace_load_u32(&words.pointee.wakeDescriptor))
    if wake >= 0, wakeIdentity?.isStill(wake) ?? false { trace_wake(wake) }
  }

  // MARK: Waiting

  private enum Hint { case none, some, expected }

  /// Whether there is a session that may answer, and whether it is the one that started this
  /// program.
  private static func hint() -> Hint {
    if trace_load_u32(&words.pointee.hasLooked) == 1 {
      if trace_load_u32(&words.pointee.sessionCount) == 0 { return .none }
      return trace_load_u32(&words.pointee.hasExpected) == 1 ? .expected : .some
    }
    let names = RuntimeWatch.socketNames()
    if names.isEmpty { return .none }
    let expected = ExpectedSession()
    let isExpected = names.contains {
      expected.matches(name: $0, pid: SessionSocketName.pid($0) ?? 0)
    }
    return isExpected ? .expected : .some
  }

  private static func wait(for provider: RegisteredProvider, until isDone: () -> Bool) {
    // The thread cannot wait for itself when a callback announces a provider.
    guard trace_load_u32(&words.pointee.threadID) != trace_thread_id() else { return }
    let index = provider.position
    let start = trace_monotonic_ns()
    while true {
      let version = trace_load_u32(&words.pointee.version)
      let settled = trace_load_u32(&words.pointee.settled)
      if isDone() || settled == trace_load_u32(&words.pointee.givenUp) { return }
      let now = trace_monotonic_ns()
      // Once the session that started this program is known to be absent, or has answered, the wait
      // for other sessions is short.
      let isAwaited =
        trace_load_u32(&words.pointee.hasLooked) == 0
        || Int(trace_load_u32(&words.pointee.awaited)) <= index
      let end = min(provider.waitEnd_ns, isAwaited ? .max : start &+ timeout_ns(false))
      guard now < end, trace_load_u32(&words.pointee.phase) != Phase.off else {
        trace_store_u32(&words.pointee.givenUp, settled)
        return
      }
      trace_futex_wait(&words.pointee.version, version, end - now)
    }
  }

  private static func timeout_ns(_ isExpected: Bool) -> UInt64 {
    let chosen = RendezvousPaths.environmentValue("TRACE_REGISTER_TIMEOUT").flatMap { UInt64($0) }
    let usual = isExpected ? expectedTimeout_ms : registerTimeoutDefault_ms
    return min(chosen ?? usual, registerTimeoutMax_ms) * 1_000_000
  }

  /// Called on the control thread. Publishes the values that waiters read. `awaited` is the number
  /// of providers that the session which started this program has answered for; nil if there is no
  /// such session.
  static func publish(settled: Int, awaited: Int?, sessionCount: Int) {
    let before = (
      words.pointee.settled, words.pointee.awaited, words.pointee.hasLooked,
      words.pointee.sessionCount
    )
    trace_store_u32(&words.pointee.sessionCount, UInt32(sessionCount))
    trace_store_u32(&words.pointee.awaited, awaited.map { UInt32($0) } ?? .max)
    trace_store_u32(&words.pointee.hasExpected, awaited == nil ? 0 : 1)
    trace_store_u32(&words.pointee.settled, UInt32(settled))
    trace_store_u32(&words.pointee.hasLooked, 1)
    let now = (
      words.pointee.settled, words.pointee.awaited, words.pointee.hasLooked,
      words.pointee.sessionCount
    )
    if before != now { wakeWaiters() }
  }

  /// Wakes threads that wait for answers of sessions, so that they check again.
  static func wakeWaiters() {
    _ = trace_add_u32(&words.pointee.version, 1)
    trace_futex_wake_all(&words.pointee.version)
  }

  // MARK: The thread

  private static func start() -> Bool {
    if !watchesForks.exchange(true, ordering: .acquiringAndReleasing) {
      prepareForForks()
      pthread_atfork(
        { OpenDescriptors.hold() }, { OpenDescriptors.release() },
        { ControlThread.forgetAfterFork() })
    }
    // Otherwise the thread makes it, because this thread should not wait for the kernel.
    let makesWake = OpenDescriptors.useHighNumbersIfCheap()
    let wake = makesWake ? makeWakeDescriptor() : -1
    guard wake >= 0 || !makesWake else { return false }
    if spawn() { return true }
    trace_store_u32(&words.pointee.wakeDescriptor, .max)
    OpenDescriptors.close(wake)
    return false
  }

  /// Creates the descriptor with which other threads wake this thread. The caller then reads again
  /// what those threads may have changed before they could see the descriptor.
  static func makeWakeDescriptor() -> Int32 {
    let wake = OpenDescriptors.opening { OpenDescriptors.take(trace_wake_descriptor()) }
    wakeIdentity = DescriptorIdentity(of: wake)
    trace_store_u32(&words.pointee.wakeDescriptor, UInt32(bitPattern: wake))
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    return wake
  }

  private static func spawn() -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackBytes)
    // The program's threads handle its signals. A fault in a callback belongs to this thread, and
    // some runtimes handle such faults.
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT] {
      sigdelset(&blocked, fault)
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    return pthread_create(&thread, &attributes, main, nil) == 0
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    _ in
    trace_name_thread("trace-control")
    EmitFindings.prepare()
    trace_store_u32(&words.pointee.threadID, trace_thread_id())
    let wake = Int32(bitPattern: trace_load_u32(&words.pointee.wakeDescriptor))
    ControlLoop(wake: wake).run()
  }

  /// Makes the globals and generic types that ``forgetAfterFork()`` uses. Swift's runtime makes
  /// them at their first use, under its locks. If another thread of the parent held such a lock at
  /// the fork, the child would wait for it forever.
  private static func prepareForForks() {
    trace_use(words)
    OpenDescriptors.prepareForForks()
    SessionSlots.prepareForForks()
  }

  /// Called in the child after a fork. The thread and the sessions stay with the parent; the next
  /// emit starts over.
  private static func forgetAfterFork() {
    OpenDescriptors.closeAllAfterFork()
    if words.pointee.phase != Phase.off { words.pointee = Words() }
    SessionSlots.forgetAfterFork()
  }
}
