import Glibc

/// The signals that a collection waits for.
enum CollectSignal: Hashable {
  /// SIGINT, SIGTERM or SIGHUP. A terminal has also sent it to the command.
  case stop(signal: CInt, isFromTerminal: Bool)
  /// SIGXCPU: the process has used the CPU time of its soft limit.
  case limit
  /// A child process ended.
  case child
}

/// Receives signals by waiting for them, so that no signal handlers run.
struct SignalWait {
  private static let stopSignals = [SIGINT, SIGTERM, SIGHUP]

  private var set = sigset_t()
  /// The previous mask, for the command.
  private(set) var originalMask = sigset_t()

  /// Blocks the signals for this thread and for threads that it starts from now on; must be called
  /// first.
  init() {
    sigemptyset(&set)
    for number in Self.stopSignals where !Self.isKeptIgnored(number) {
      // A shell's background jobs ignore SIGINT, but `kill -INT` must still work.
      signal(number, SIG_DFL)
      sigaddset(&set, number)
    }
    for number in [SIGCHLD, SIGXCPU] {
      signal(number, SIG_DFL)
      sigaddset(&set, number)
    }
    pthread_sigmask(SIG_BLOCK, &set, &originalMask)
  }

  /// Whether the signal stays ignored: SIGHUP under nohup.
  static func isKeptIgnored(_ number: CInt) -> Bool {
    guard number == SIGHUP else { return false }
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// Lets further signals end the process, because the remaining work is short, and a user who
  /// sends another signal wants to end it. Signals received before are discarded. SIGHUP is ignored
  /// from now on: when a terminal closes, the kernel and the shell both send it, which is not a
  /// second request. So is SIGXCPU, which the kernel repeats every second.
  mutating func release() {
    while next(timeout_ns: 0) != nil {}
    signal(SIGHUP, SIG_IGN)
    signal(SIGXCPU, SIG_IGN)
    pthread_sigmask(SIG_SETMASK, &originalMask, nil)
  }

  /// Waits for the next signal; nil after `timeout_ns`.
  mutating func next(timeout_ns: Int64) -> CollectSignal? {
    let timeout_ns = max(0, timeout_ns)
    var timeout = timespec(
      tv_sec: Int(timeout_ns / 1_000_000_000), tv_nsec: Int(timeout_ns % 1_000_000_000))
    var details = siginfo_t()
    let number = sigtimedwait(&set, &details, &timeout)
    switch number {
    case SIGCHLD: return .child
    case SIGXCPU: return .limit
    case let number where Self.stopSignals.contains(number):
      // SI_USER and lower codes are sent by processes; those of the terminal come from the kernel.
      return .stop(signal: number, isFromTerminal: details.si_code > 0)
    case -1 where errno != EAGAIN && errno != EINTR:
      return nextWithoutWaiting(timeout_ns)
    default: return nil
    }
  }

  /// Used if sigtimedwait(2) is not permitted, for example in a sandbox: polls for pending signals,
  /// at least every 50 ms.
  private func nextWithoutWaiting(_ timeout_ns: Int64) -> CollectSignal? {
    usleep(UInt32(min(timeout_ns / 1000, 50_000)))
    var pending = sigset_t()
    guard sigpending(&pending) == 0 else { return nil }
    for number in Self.stopSignals + [SIGXCPU] where sigismember(&pending, number) == 1 {
      // Ignoring a signal discards the pending one.
      signal(number, SIG_IGN)
      signal(number, SIG_DFL)
      return number == SIGXCPU ? .limit : .stop(signal: number, isFromTerminal: false)
    }
    return nil
  }
}

/// CLOCK_MONOTONIC in nanoseconds.
func monotonicNanoseconds() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}
