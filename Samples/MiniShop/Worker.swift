import Glibc

/// A thread that computes a tally.
final class Worker: @unchecked Sendable {
  private let body: @Sendable () -> Tally
  private var result = Tally()
  private var thread = pthread_t()

  init(_ body: @escaping @Sendable () -> Tally) {
    self.body = body
    let context = Unmanaged.passRetained(self).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let worker = Unmanaged<Worker>.fromOpaque(context).takeRetainedValue()
        worker.result = worker.body()
        return nil
      }, context)
    precondition(code == 0, "no thread can be started")
  }

  /// Waits for the thread's end.
  func join() -> Tally {
    pthread_join(thread, nil)
    return result
  }
}
