import CTraceShims
import Glibc
import Synchronization
import TraceProvider

/// A timer whose signal handler emits events while the interrupted thread may be emitting, too.
enum SignalTicks {
  private static let sequence = Atomic<UInt64>(0)
  /// Written before the timer starts, read by the handler.
  nonisolated(unsafe) private static var note: SharedNote.Line?
  nonisolated(unsafe) private static var worker: UInt32 = 0

  /// Prepares the timer. The signal is blocked in every thread except those that call ``admit()``:
  /// with one such thread, the ticks have an order.
  static func prepare(process: Int, note: SharedNote.Line) {
    self.note = note
    worker = WorkerID(process: process, thread: WorkerID.signalThread).rawValue
    sequence.store(0, ordering: .relaxed)
    setMask(SIG_BLOCK)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in SignalTicks.tick() }
    action.sa_flags = SA_RESTART
    sigaction(SIGALRM, &action, nil)
  }

  static func admit() { setMask(SIG_UNBLOCK) }

  /// Starts the timer, or stops it with 0. Ticks that arrived while the signal was blocked are
  /// merged.
  static func setInterval(microseconds: Int) {
    let interval = timeval(tv_sec: 0, tv_usec: microseconds)
    var timer = itimerval(it_interval: interval, it_value: interval)
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
  }

  private static func tick() {
    let next = sequence.wrappingAdd(1, ordering: .relaxed).newValue
    Storm.provider.emit(SignalEvent(sequence: next, worker: worker))
    note?.emitted = next
  }

  private static func setMask(_ how: Int32) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGALRM)
    pthread_sigmask(how, &signals, nil)
  }
}
