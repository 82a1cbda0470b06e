import CTraceShims
import Glibc

/// A value protected by a lock, with a condition to wait for changes.
///
/// The methods copy the lock's pointers, because the thread sanitizer takes `&lock.value.pointee`
/// for a change of `lock`, and would report a race of it.
package final class Monitor<Value>: @unchecked Sendable {
  private let lock: Lock<Value>
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  package init(_ initial: consuming sending Value) {
    lock = Lock(initial)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
  }

  /// Calls `body` with the lock held, then wakes all waiting threads.
  package func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (mutex, value) = (lock.mutex, lock.value)
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return try body(&value.pointee)
  }

  /// Calls `body` with the lock held, and wakes no thread: for a change that none waits for.
  package func changeQuietly(_ body: (inout Value) -> Void) {
    lock.withLock { value in body(&value) }
  }

  /// Waits until `isSo` is true, at most `nanoseconds`; returns its last value.
  @discardableResult
  package func wait(nanoseconds: UInt64, until isSo: (inout Value) -> Bool) -> Bool {
    let end = trace_monotonic_ns() &+ nanoseconds
    var limit = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
    let (mutex, value) = (lock.mutex, lock.value)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !isSo(&value.pointee) {
      if pthread_cond_timedwait(condition, mutex, &limit) != 0 { return isSo(&value.pointee) }
    }
    return true
  }
}
