internal import Glibc
internal import Locks

/// Tells a job that nobody waits for its result any more.
final class Cancellation: Sendable {
  private let state = Monitor(false)

  var isSet: Bool { state.wait(nanoseconds: 0) { $0 } }

  func set() { state.withLock { $0 = true } }

  /// Waits until it is set, at most `nanoseconds`; returns whether it is.
  @discardableResult
  func wait(nanoseconds: UInt64) -> Bool { state.wait(nanoseconds: nanoseconds) { $0 } }

  /// Sleeps.
  static func pause(nanoseconds: UInt64) {
    var time = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    nanosleep(&time, nil)
  }
}
