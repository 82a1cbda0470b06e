import CJVM
import Synchronization
import TraceEvents
import TraceProvider

/// Garbage collection events. The machine calls ``started()`` and ``finished()`` on the collecting
/// thread, with every Java thread stopped: they may only emit.
///
/// It calls them for every stop-the-world step, including G1's remark and cleanup pauses, when the
/// stop is already complete. It reports neither the collected generation (`depth` of GCStart is 0)
/// nor the reason (`reason` is Empty); GCHistory has both, from ``HeapCounters``.
enum Collections {
  private struct Progress {
    /// Number of collections started while events were enabled.
    var count: UInt32 = 0
    /// Running collections, innermost last: one may contain another.
    var open: [(ordinal: UInt32, invocations: [UInt64])] = []
  }

  private static let progress = Mutex(Progress())

  static func started() {
    let invocations = HeapCounters.invocations()
    let ordinal = progress.withLock { progress in
      progress.count &+= 1
      progress.open.append((progress.count, invocations))
      return progress.count
    }
    Runtime.provider.emit(
      GCStart(count: ordinal, depth: 0, reason: .empty), stack: JavaStack.append(to:))
    HeapInUse.emit(ordinal)
  }

  static func finished() {
    guard let (ordinal, invocations) = progress.withLock({ $0.open.popLast() }) else { return }
    Runtime.provider.emit(GCEnd(count: ordinal, depth: 0), stack: JavaStack.append)
    HeapCounters.emitHistory(ordinal, before: invocations)
    HeapCounters.emitStats()
  }

  /// Called for an allocation that crossed the sampling interval.
  static func sampled(_ type: jclass, size: Int64, by tool: ToolInterface) {
    Runtime.provider.emit(
      GCAllocationTick(
        allocationAmount: UInt64(Capabilities.samplingIntervalBytes), allocationKind: .small,
        typeID: 0, typeName: tool.name(of: type).clipped(toBytes: TextLimit.nameBytes),
        objectSize: UInt64(clamping: size)),
      stack: JavaStack.append)
  }
}

/// Maximum lengths of texts in events; longer ones are truncated.
enum TextLimit {
  static let nameBytes = 4096
  static let messageUnits = 512
}
