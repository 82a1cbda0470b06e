import CTraceShims
import Synchronization
import TraceEvents

/// The list of all providers that this process has announced. It only grows, so that a forked child
/// can traverse it whatever the parent's threads were doing.
enum Registry {
  /// The last announced provider, retained forever; each one links to the previous.
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

  /// The provider that owns this row. Does not allocate.
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

  static func prepareForForks() {
    _ = all()
    RegisteredProvider.prepareForForks()
  }

  static func suspendAfterFork() {
    for provider in all() { provider.suspendAfterFork() }
    isSuspended.store(true, ordering: .releasing)
  }

  /// Called in a forked child at its first emit. Announces all providers again.
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
