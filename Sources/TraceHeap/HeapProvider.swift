import CTraceHeap
import CTracePreload
import TraceEvents
import TraceProvider

/// The provider of libtraceheap.so. C code takes the samples (CTraceHeap); this turns them into
/// events.
enum Heap {
  static let provider = Provider("Heap") {
    ProviderDescription(events: [HeapSampling.self, SampledAllocation.self, HeapFree.self])
  }

  /// Emits each sample. The C code reads it for as long as the process lives.
  nonisolated(unsafe) private static let listener = {
    let listener = UnsafeMutablePointer<trace_heap_listener>.allocate(capacity: 1)
    listener.initialize(
      to: trace_heap_listener(
        allocated: { sample in
          Heap.provider.emit(SampledAllocation(sample)) {
            SampledAllocation.append(sample, to: &$0)
          }
        },
        freed: { id, address in Heap.provider.emit(HeapFree(address: address, sample: id)) },
        missed: { Heap.provider.emit(Heap.sampling()) }))
    return listener
  }()

  /// Announces the provider to sessions. The session that started this program has its events from
  /// `main` on, and what was allocated before as rundown.
  static func start() {
    provider.onEnable { enablement in
      // On the control thread: what it allocates is the tracer's, and it must not wait for itself.
      trace_heap_exclude_thread()
      trace_preload_call("trace_lock_exclude_thread")
      trace_heap_find_swift()
      trace_heap_listen(enablement.isEnabled ? listener : nil)
    }
    provider.onCaptureState { capture in rundown(capture) }
    trace_heap_on_fork { Heap.provider.register() }
    provider.register()
  }

  private static func sampling() -> HeapSampling {
    var counts = trace_heap_counts()
    trace_heap_count(&counts)
    return HeapSampling(
      interval: counts.interval, samples: counts.samples, dropped: counts.dropped,
      unreported: counts.unreported)
  }

  /// Emits what is in use for a session that has just begun. A sample that is freed meanwhile is
  /// ended after it was emitted, because the session may have seen its end before.
  private static func rundown(_ capture: borrowing CaptureState) {
    capture.emit(sampling())
    withUnsafePointer(to: capture) { capture in
      trace_heap_walk(
        { sample, context in
          guard let capture = context?.assumingMemoryBound(to: CaptureState.self) else { return }
          capture.pointee.emit(SampledAllocation(sample)) {
            SampledAllocation.append(sample, to: &$0)
          }
        },
        { id, address, context in
          guard let capture = context?.assumingMemoryBound(to: CaptureState.self) else { return }
          capture.pointee.emit(HeapFree(address: address, sample: id))
        },
        UnsafeMutableRawPointer(mutating: capture))
    }
  }
}

/// Called by the library's constructor, or later by a sample or before a thread is created.
@c(trace_heap_start)
public func startHeapProvider() { Heap.start() }

/// Called while the process has only one thread and no session.
@c(trace_heap_is_wanted)
public func heapIsWanted() -> Bool { SessionPresence.isLikely }
