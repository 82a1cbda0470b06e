package import Glibc

/// A value protected by a POSIX mutex.
///
/// `Synchronization.Mutex` is not used, because the thread sanitizer reports races of what it
/// protects: if a thread has to wait for it, only system calls of the Swift library, which is not
/// instrumented, order that thread after the one before. The sanitizer understands a POSIX mutex.
/// This concerns this package's tests, and programs with a session or a provider that are tested
/// with the sanitizer.
///
/// - Cost: two allocations; a few nanoseconds to lock and unlock if no other thread holds it.
/// - Trap: a thread that locks it twice waits forever. For the control plane only.
package struct Lock<Value>: ~Copyable, @unchecked Sendable {
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
  @usableFromInline let value: UnsafeMutablePointer<Value>

  package init(_ initial: consuming sending Value) {
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    value = .allocate(capacity: 1)
    value.initialize(to: initial)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Calls `body` with the lock held.
  @inlinable
  package borrowing func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value.pointee)
  }
}
