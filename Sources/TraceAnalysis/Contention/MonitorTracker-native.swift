internal import TraceEvents
internal import TraceFormat

// The waits that libtracelock.so has measured.
extension MonitorTracker {
  /// Maximum number of waits for which one can stand.
  private static let timesMax = 1_000_000.0

  mutating func waited(_ event: LockWait, _ header: EventHeader) {
    let start = header.timestamp.subtractingClamped(Int64(clamping: event.duration))
    guard selects(start) else { return }
    guard start >= traceStart else { return stopsWithoutStart += 1 }
    var owner: LockOwner?
    if event.releaser != 0 {
      let known = releases[event.address]
      let isKnown = known.map { $0.tid == event.releaser && $0.time >= start } ?? false
      owner =
        isKnown
        ? known
        : LockOwner(
          tid: event.releaser, process: header.processIndex, stack: .none, time: header.timestamp)
    }
    let isCounted = event.weight >= 1
    add(
      EndedWait(
        tid: header.tid, start: start, duration: event.duration, stack: header.stack, owner: owner),
      times: isCounted ? Int(min(event.weight, Self.timesMax).rounded()) : 1,
      to: Key(kind: ContentionReport.Kind(event.kind), id: event.address, type: ""))
  }

  mutating func released(_ event: LockRelease, _ header: EventHeader) {
    guard releases[event.address] != nil || releases.count < Self.locksMax else {
      return isCut = true
    }
    releases[event.address] = LockOwner(
      tid: header.tid, process: header.processIndex, stack: header.stack, time: header.timestamp)
  }
}

extension ContentionReport.Kind {
  init(_ kind: LockKind) {
    self =
      switch kind {
      case .mutex: .mutex
      case .read, .write: .readWriteLock
      case .condition: .condition
      case .semaphore: .semaphore
      default: .futex
      }
  }
}
