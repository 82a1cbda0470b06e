internal import Glibc
internal import Locks

/// A thread that does one job after the other, with the trace files that it has opened.
///
/// - Guarantee: at most ``waitingMax`` jobs wait; more are refused.
/// - Trap: a job that has begun runs to its end.
final class Worker: Sendable {
  typealias Job = @Sendable (Workplace) -> Void

  static let waitingMax = 256
  private static let stackBytes = 8 << 20

  private struct Queue {
    var jobs: [Job] = []
    var isEnded = false
  }

  private let queue = Monitor(Queue())
  private let makePlace: @Sendable () -> Workplace

  /// Starts the thread. It ends with ``end()``, or with the process.
  init(_ makePlace: @escaping @Sendable () -> Workplace) throws(Refusal) {
    self.makePlace = makePlace
    var every = sigset_t()
    var before = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_SETMASK, &every, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    // Not a variable: its initializer belongs to whichever C module the compiler saw first.
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { attributes.deallocate() }
    pthread_attr_init(attributes)
    defer { pthread_attr_destroy(attributes) }
    pthread_attr_setstacksize(attributes, Self.stackBytes)
    pthread_attr_setdetachstate(attributes, CInt(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let own = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, attributes,
      { context in
        guard let context else { return nil }
        Unmanaged<Worker>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, own.toOpaque())
    guard code == 0 else {
      own.release()
      throw Refusal(500, "A thread cannot be started: error \(code).")
    }
  }

  /// Adds a job; false if too many wait.
  func add(_ job: @escaping Job) -> Bool {
    queue.withLock { queue in
      guard !queue.isEnded, queue.jobs.count < Self.waitingMax else { return false }
      queue.jobs.append(job)
      return true
    }
  }

  /// Ends the thread after its current job; jobs that wait are dropped.
  func end() {
    queue.withLock { queue in
      queue.isEnded = true
      queue.jobs = []
    }
  }

  private func run() {
    let place = makePlace()
    while true {
      queue.wait(nanoseconds: 3_600_000_000_000) { $0.isEnded || !$0.jobs.isEmpty }
      let (job, isEnded) = queue.withLock { queue -> (Job?, Bool) in
        (queue.jobs.isEmpty ? nil : queue.jobs.removeFirst(), queue.isEnded)
      }
      if isEnded { return }
      job?(place)
    }
  }
}
