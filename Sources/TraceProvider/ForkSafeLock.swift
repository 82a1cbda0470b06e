import Glibc
import Synchronization

/// A value behind a lock that a forked child can break open: the thread that held it stayed in the
/// parent.
///
/// For state that is touched rarely and briefly; waits by yielding.
final class ForkSafeLock<Value>: @unchecked Sendable {
  private let isHeld = Atomic<Bool>(false)
  /// Behind a pointer, so that the child can leave a half-changed value behind.
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

  /// In a forked child: replaces the value, carrying over what `keeping` reads from the old one.
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
