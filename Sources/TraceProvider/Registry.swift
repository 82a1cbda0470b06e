import CTraceShims
import Synchronization
import TraceEvents

/// Every provider that this process has announced: a list that only grows, so that a forked child
/// can walk it whatever the parent's threads were doing.
enum Registry {
  /// The last one announced, retained for ever; each leads to the one before.
  private static let last = Atomic<UInt>(0)
  private static let isSuspended = Atomic<Bool>(false)

  static func all() -> [RegisteredProvider] {
    var result: [RegisteredProvider] = []
    var next = provider(last.load(ordering: .acquiring))
    while let one = next {
      result.append(one)
      next = one.previous
    }
    return result.reversed()
  }

  static func add(_ provider: RegisteredProvider) {
    let address = UInt(bitPattern: Unmanaged.passRetained(provider).toOpaque())
    var expected = last.load(ordering: .acquiring)
    while true {
      provider.previous = Self.provider(expected)
      provider.position = provider.previous.map { $0.position + 1 } ?? 0
      let (done, current) = last.compareExchange(
        expected: expected, desired: address, ordering: .acquiringAndReleasing)
      if done { break }
      expected = current
    }
    ControlThread.providerAdded(provider)
  }

  /// The provider whose row this is. Allocates nothing.
  static func provider(
    owning row: UnsafePointer<trace_event_row>
  ) -> RegisteredProvider? {
    var next = provider(last.load(ordering: .acquiring))
    while let one = next {
      let position = row - UnsafePointer(one.rows)
      if position >= 0, position < Int(TRACE_EVENT_ROWS) { return one }
      next = one.previous
    }
    return nil
  }

  static func suspendAfterFork() {
    for provider in all() { provider.suspendAfterFork() }
    isSuspended.store(true, ordering: .releasing)
  }

  /// In a forked child, at its first emit: announces every provider anew.
  static func resumeAfterFork() {
    guard isSuspended.load(ordering: .acquiring),
      isSuspended.exchange(false, ordering: .acquiringAndReleasing)
    else { return }
    let providers = all()
    for provider in providers { provider.resumeAfterFork() }
    for provider in providers { ControlThread.providerAdded(provider) }
  }

  private static func provider(_ address: UInt) -> RegisteredProvider? {
    UnsafeRawPointer(bitPattern: address).map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
  }
}
