import Glibc
import Synchronization

/// A value protected by a lock that a forked child can reset, because the thread that held the lock
/// stays in the parent.
///
/// For state that is accessed rarely and briefly. Waits by yielding.
final class ForkSafeLock<Value>: @unchecked Sendable {
  private let isHeld = Atomic<Bool>(false)
  /// Behind a pointer, so that the child can abandon a half-changed value.
  private var value: UnsafeMutablePointer<Value>

  init(_ initial: Value) {
    value = .allocate(capacity: 1)
    value.initialize(to: initial)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
  }

  func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    while isHeld.exchange(true, ordering: .acquiring) { sched_yield() }
    defer { isHeld.store(false, ordering: .releasing) }
    return try body(&value.pointee)
  }

  /// Called in a forked child. Replaces the value, keeping what `keeping` reads from the old one.
  func reset<Kept>(
    to fresh: Value, keeping: (Value) -> Kept, into restore: (inout Value, Kept) -> Void
  ) {
    let kept = keeping(value.pointee)
    value = .allocate(capacity: 1)
    value.initialize(to: fresh)
    restore(&value.pointee, kept)
    isHeld.store(false, ordering: .releasing)
  }
}
