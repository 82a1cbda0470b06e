import CTraceShims
import Glibc
import Synchronization
import TraceControl

/// The process's one thread that talks to sessions: started by the first provider, asleep unless
/// something happens, all signals blocked that are not its own faults.
///
/// `TRACE_DISABLE=1` keeps it from starting. `TRACE_REGISTER_TIMEOUT` (milliseconds, 50) bounds how
/// long announcing a provider waits for sessions that are there.
enum ControlThread {
  private enum Phase {
    static let idle: UInt32 = 0
    static let running: UInt32 = 1
    /// There is no thread, and there will be none.
    static let off: UInt32 = 2
  }

  /// Words that several threads share, in memory of their own so that they can be waited on.
  private struct Words {
    var phase: UInt32 = Phase.idle
    /// Providers, from the first announced, that every session has answered for.
    var settled: UInt32 = 0
    /// 1 once the directories have been looked at.
    var hasLooked: UInt32 = 0
    var linkCount: UInt32 = 0
    /// The value of `settled` that somebody has waited for in vain: others need not.
    var givenUp: UInt32 = .max
    var wakeDescriptor: UInt32 = .max
    /// The kernel's number of the thread.
    var threadID: UInt32 = 0
  }

  nonisolated(unsafe) private static let words = {
    let words = UnsafeMutablePointer<Words>.allocate(capacity: 1)
    words.initialize(to: Words())
    return words
  }()
  private static let watchesForks = Atomic<Bool>(false)

  /// Callbacks of providers run on it: room for theirs. Touched as far as it is used.
  private static let stackBytes = 512 << 10
  private static let registerTimeoutDefault_ms: UInt64 = 50
  private static let registerTimeoutMax_ms: UInt64 = 60_000

  /// Tells every session of a new provider; waits, bounded, until those that want it have enabled
  /// it.
  static func providerAdded(_ provider: RegisteredProvider) {
    Registry.resumeAfterFork()
    if trace_load_u32(&words.pointee.phase) == Phase.off { return }
    if trace_compare_exchange_u32(&words.pointee.phase, Phase.idle, Phase.running) {
      let isOff = RendezvousPaths.environmentValue("TRACE_DISABLE") == "1"
      guard !isOff, start() else {
        trace_store_u32(&words.pointee.phase, Phase.off)
        return
      }
    }
    let wake = Int32(bitPattern: trace_load_u32(&words.pointee.wakeDescriptor))
    if wake >= 0 { trace_wake(wake) }
    waitUntilSettled(provider)
  }

  // MARK: Waiting

  private static func waitUntilSettled(_ provider: RegisteredProvider) {
    // The thread cannot wait for itself: a callback may announce a provider.
    guard trace_load_u32(&words.pointee.threadID) != trace_thread_id() else { return }
    let isAnySession =
      trace_load_u32(&words.pointee.hasLooked) == 1
      ? trace_load_u32(&words.pointee.linkCount) > 0
      : RuntimeWatch.isAnySocket(in: RendezvousPaths.watched())
    guard isAnySession, let index = Registry.all().firstIndex(where: { $0 === provider }) else {
      return
    }
    let end = trace_monotonic_ns() + registerTimeout_ns
    while true {
      let settled = trace_load_u32(&words.pointee.settled)
      if Int(settled) > index || settled == trace_load_u32(&words.pointee.givenUp) { return }
      let now = trace_monotonic_ns()
      guard now < end, trace_load_u32(&words.pointee.phase) == Phase.running else {
        trace_store_u32(&words.pointee.givenUp, settled)
        return
      }
      trace_futex_wait(&words.pointee.settled, settled, end - now)
    }
  }

  private static var registerTimeout_ns: UInt64 {
    let chosen = RendezvousPaths.environmentValue("TRACE_REGISTER_TIMEOUT").flatMap { UInt64($0) }
    return min(chosen ?? registerTimeoutDefault_ms, registerTimeoutMax_ms) * 1_000_000
  }

  /// On the control thread: what waiters look at.
  static func publish(settled: Int, linkCount: Int) {
    trace_store_u32(&words.pointee.linkCount, UInt32(linkCount))
    trace_store_u32(&words.pointee.hasLooked, 1)
    guard trace_load_u32(&words.pointee.settled) != UInt32(settled) else { return }
    trace_store_u32(&words.pointee.settled, UInt32(settled))
    trace_futex_wake_all(&words.pointee.settled)
  }

  // MARK: The thread

  private static func start() -> Bool {
    if !watchesForks.exchange(true, ordering: .acquiringAndReleasing) {
      pthread_atfork(
        { OpenDescriptors.hold() }, { OpenDescriptors.release() },
        { ControlThread.forgetAfterFork() })
    }
    let wake = OpenDescriptors.opening {
      let wake = trace_wake_descriptor()
      OpenDescriptors.list(wake)
      return wake
    }
    guard wake >= 0 else { return false }
    trace_store_u32(&words.pointee.wakeDescriptor, UInt32(bitPattern: wake))
    if spawn() { return true }
    trace_store_u32(&words.pointee.wakeDescriptor, .max)
    OpenDescriptors.close(wake)
    return false
  }

  private static func spawn() -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackBytes)
    // The program's signals are for its own threads. A fault in a callback is this thread's: some
    // runtimes handle theirs.
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
    trace_store_u32(&words.pointee.threadID, trace_thread_id())
    let wake = Int32(bitPattern: trace_load_u32(&words.pointee.wakeDescriptor))
    if let loop = ControlLoop(wake: wake) { loop.run() }
    trace_store_u32(&words.pointee.phase, Phase.off)
    trace_futex_wake_all(&words.pointee.settled)
    return nil
  }

  /// In the child after a fork: the thread is the parent's, and so are the sessions. The next emit
  /// starts over.
  private static func forgetAfterFork() {
    OpenDescriptors.closeAllAfterFork()
    if words.pointee.phase != Phase.off { words.pointee = Words() }
    SessionSlots.forgetAfterFork()
  }
}
