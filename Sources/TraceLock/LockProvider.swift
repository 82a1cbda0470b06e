import CTraceLock
import CTracePreload
import CTraceShims
import TraceEvents
import TraceProvider

/// The provider of libtracelock.so. C code measures the waits (CTraceLock); this turns them into
/// events.
enum Lock {
  static let provider = Provider("Lock") {
    ProviderDescription(
      keywords: LockSchema.keywords, events: [LockSampling.self, LockWait.self, LockRelease.self])
  }

  /// Emits each wait and release. The C code reads it for as long as the process lives.
  nonisolated(unsafe) private static let listener = {
    let listener = UnsafeMutablePointer<trace_lock_listener>.allocate(capacity: 1)
    listener.initialize(
      to: trace_lock_listener(
        waited: { event in
          Lock.provider.emit(
            LockWait(
              address: event.pointee.address, kind: event.pointee.lockKind,
              duration: event.pointee.duration_ns, weight: event.pointee.weight,
              releaser: event.pointee.other)
          ) { Lock.append(event, to: &$0) }
        },
        released: { event in
          Lock.provider.emit(
            LockRelease(
              address: event.pointee.address, kind: event.pointee.lockKind,
              duration: event.pointee.duration_ns, weight: event.pointee.weight,
              waiters: event.pointee.other)
          ) { Lock.append(event, to: &$0) }
        }))
    return listener
  }()

  /// Announces the provider to sessions. The session that started this program has its events from
  /// `main` on.
  static func start() {
    provider.onEnable { enablement in
      // On the control thread: its waits and allocations are the tracer's.
      trace_lock_exclude_thread()
      trace_preload_call("trace_heap_exclude_thread")
      trace_lock_listen(enablement.isEnabled ? listener : nil)
    }
    provider.onCaptureState { capture in
      var counts = trace_lock_counts()
      trace_lock_count(&counts)
      capture.emit(
        LockSampling(
          threshold: counts.threshold_ns, waits: counts.waits, releases: counts.releases))
    }
    trace_lock_on_fork { Lock.provider.register() }
    provider.register()
  }

  /// Appends the event's return addresses.
  private static func append(
    _ event: UnsafePointer<trace_lock_event>, to frames: inout OutputSpan<UInt64>
  ) {
    let depth = Int(min(event.pointee.depth, UInt32(TRACE_LOCK_FRAMES)))
    let first = UnsafeRawPointer(event).advanced(
      by: MemoryLayout<trace_lock_event>.offset(of: \.frames) ?? 0)
    let addresses = first.assumingMemoryBound(to: UInt64.self)
    for index in 0..<min(depth, frames.freeCapacity) { frames.append(addresses[index]) }
  }
}

extension trace_lock_event {
  fileprivate var lockKind: LockKind { LockKind(rawValue: UInt8(truncatingIfNeeded: kind)) }
}

/// Called by the library's constructor.
@c(trace_lock_start)
public func startLockProvider() { Lock.start() }
