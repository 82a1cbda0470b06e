import CTraceShims
import Glibc
import Synchronization

@testable import TraceRing

final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}

/// A thread that runs a closure; it must be joined.
final class Thread: @unchecked Sendable {
  private var handle = pthread_t()

  init(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Body(body)).toOpaque()
    let code = pthread_create(&handle, nil, runThreadBody, box)
    precondition(code == 0)
  }

  func join() { pthread_join(handle, nil) }

  final class Body: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  Unmanaged<Thread.Body>.fromOpaque(argument!).takeRetainedValue().body()
  return nil
}

/// An event row that outlives the sessions that enable its event.
final class SharedRow: @unchecked Sendable {
  let pointer = UnsafeMutablePointer<trace_event_row>.allocate(capacity: 1)
  init() { pointer.initialize(to: trace_event_row()) }

  /// Copies references first, then the mask, like the control thread.
  func copy(from row: UnsafeMutablePointer<trace_event_row>) {
    setRefs { refs in
      withUnsafeMutablePointer(to: &row.pointee.refs) {
        $0.withMemoryRebound(to: UInt16.self, capacity: 8) { source in
          for index in 0..<8 { trace_store_u16(refs + index, source[index]) }
        }
      }
    }
    trace_store_u8(&pointer.pointee.mask, row.pointee.mask)
  }

  func clear() {
    trace_store_u8(&pointer.pointee.mask, 0)
    setRefs { refs in for index in 0..<8 { trace_store_u16(refs + index, 0) } }
  }

  private func setRefs(_ body: (UnsafeMutablePointer<UInt16>) -> Void) {
    withUnsafeMutablePointer(to: &pointer.pointee.refs) {
      $0.withMemoryRebound(to: UInt16.self, capacity: 8, body)
    }
  }
}

/// A timer whose signal handler emits events.
enum SignalEmitter {
  nonisolated(unsafe) private static var fixture: RingFixture?
  private static let emitted = Atomic<Int>(0)
  private static let running = Atomic<Int>(0)
  /// Whether handlers that begin now emit nothing.
  private static let isStopped = Atomic<Bool>(false)

  nonisolated(unsafe) private static var payload: [UInt64] = []

  static var count: Int { emitted.load(ordering: .relaxed) }

  static func start(_ target: RingFixture, words: Int = 2) {
    fixture = target
    payload = [UInt64](repeating: 1, count: words)
    emitted.store(0, ordering: .relaxed)
    isStopped.store(false, ordering: .sequentiallyConsistent)
    signal(SIGALRM) { _ in SignalEmitter.emit() }
    var interval = itimerval()
    interval.it_interval.tv_usec = 200
    interval.it_value.tv_usec = 200
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &interval, nil)
  }

  private static func emit() {
    running.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if !isStopped.load(ordering: .sequentiallyConsistent) {
      fixture?.write(payload)
      emitted.wrappingAdd(1, ordering: .relaxed)
    }
    running.wrappingSubtract(1, ordering: .releasing)
  }

  /// Events that handlers have emitted.
  static func stop() -> Int {
    var none = itimerval()
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &none, nil)
    signal(SIGALRM, SIG_IGN)
    // Any thread may still be in a handler, or about to begin one: each increments the count of
    // running handlers before it reads the flag.
    isStopped.store(true, ordering: .sequentiallyConsistent)
    while running.load(ordering: .sequentiallyConsistent) > 0 { sched_yield() }
    fixture = nil
    return emitted.load(ordering: .relaxed)
  }
}
