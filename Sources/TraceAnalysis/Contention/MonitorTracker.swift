internal import TraceEvents
internal import TraceFormat

/// Pairs the events about waits of one process, in order of time.
///
/// - Guarantee: a wait ends with an event of its own thread and lock. If the runtime does not state
///   its length, no event may have been lost in between.
struct MonitorTracker {
  /// Maximum number of locks of a process, of waits, and of threads that wait at a time.
  static let locksMax = 20_000
  static let waitsMax = 1 << 20
  static let threadsMax = 1 << 16
  /// How much later than a beginning the time can be that a length tells: the runtime measures
  /// before it writes its event.
  static let slack_ns: Int64 = 1_000_000

  struct Key: Hashable {
    var kind: ContentionReport.Kind
    var id: UInt64?
    var type: String
  }

  /// A wait that has begun.
  struct Beginning {
    var key: Key
    var tid: UInt32
    var time: Int64
    var stack: StackID
    var owner: LockOwner?
    /// Why its end will not come.
    var cause = ContentionReport.Open.Cause.traceEnded
  }

  private let selection: ClosedRange<Int64>?
  private let losses: SharedLosses
  let traceStart: Int64
  private(set) var locks: [Key: LockTally] = [:]
  private(set) var open: [Beginning] = []
  private(set) var openCount = 0
  var stopsWithoutStart = 0
  var isCut = false
  /// Waits that have begun, by thread: a thread waits for one thing at a time.
  private var running: [UInt32: Beginning] = [:]
  private var lastEnd: [UInt32: Int64] = [:]
  private var waitCount = 0
  /// Where each native lock was let go of last.
  var releases: [UInt64: LockOwner] = [:]

  init(selection: ClosedRange<Int64>?, losses: SharedLosses, traceStart: Int64) {
    (self.selection, self.losses, self.traceStart) = (selection, losses, traceStart)
  }

  func selects(_ time: Int64) -> Bool { selection?.contains(time) ?? true }

  mutating func begins(_ key: Key, _ header: EventHeader, owner tid: UInt32 = 0) {
    giveUp(header.tid, .eventsMissing)
    guard running.count < Self.threadsMax else { return isCut = true }
    let owner =
      tid == 0
      ? nil
      : LockOwner(
        tid: tid, process: header.processIndex, stack: .none, time: header.timestamp)
    running[header.tid] = Beginning(
      key: key, tid: header.tid, time: header.timestamp, stack: header.stack, owner: owner)
  }

  mutating func owned(_ event: ContentionOwner, _ header: EventHeader) {
    guard let wait = running[header.tid], wait.key.kind == .monitor, wait.key.id == event.lockID
    else { return }
    running[header.tid]?.owner = LockOwner(
      tid: event.ownerThreadID, name: event.ownerThreadName, process: header.processIndex,
      stack: header.stack, time: header.timestamp)
  }

  /// - Parameter duration: the length that the runtime measured; 0 if it did not.
  mutating func ends(_ key: Key, _ duration: UInt64, _ header: EventHeader) {
    let (tid, now) = (header.tid, header.timestamp)
    let begun = running[tid]
    let isKnown = begun.map { $0.key == key && $0.time <= now } ?? false
    let isWhole = begun.map { !losses.windows.anyLoss(header.pid, $0.time, now) } ?? false
    let told = now.subtractingClamped(Int64(clamping: duration))
    var own: Beginning?
    if let begun, isKnown {
      let isNear =
        duration > 0 && begun.time.subtractingClamped(told).magnitude <= UInt64(Self.slack_ns)
      if isWhole || isNear { own = begun }
    }
    if own == nil { giveUp(tid, .eventsMissing) } else { running[tid] = nil }
    let start = duration > 0 ? told : own?.time
    defer { note(tid, now) }
    guard let start, start >= traceStart,
      start >= (lastEnd[tid] ?? .min).subtractingClamped(Self.slack_ns)
    else {
      if selects(now) { stopsWithoutStart += 1 }
      return
    }
    guard selects(start) else { return }
    let length = duration > 0 ? duration : UInt64(clamping: now.subtractingClamped(start))
    add(
      EndedWait(
        tid: tid, start: start, duration: length, stack: own?.stack ?? .none, owner: own?.owner),
      to: key)
  }

  /// A thread ends or begins: nobody waits under its id any more.
  mutating func giveUp(_ tid: UInt32, _ cause: ContentionReport.Open.Cause) {
    guard var wait = running.removeValue(forKey: tid) else { return }
    wait.cause = cause
    keepOpen(wait)
  }

  /// Ends the trace.
  ///
  /// - Parameter end: the end of the process or the trace.
  mutating func finish(pid: UInt32, at end: Int64, processEnded: Bool) {
    for var wait in running.values.sorted(by: { ($0.time, $0.tid) < ($1.time, $1.tid) }) {
      wait.cause =
        losses.windows.anyLoss(pid, wait.time, end)
        ? .eventsMissing : processEnded ? .processEnded : .traceEnded
      keepOpen(wait)
    }
    running = [:]
    open.sort { ($0.time, $0.tid) < ($1.time, $1.tid) }
  }

  private mutating func note(_ tid: UInt32, _ now: Int64) {
    if lastEnd[tid] != nil || lastEnd.count < Self.threadsMax { lastEnd[tid] = now }
  }

  private mutating func keepOpen(_ wait: Beginning) {
    guard selects(wait.time) else { return }
    openCount += 1
    if open.count < ContentionReport.Process.openMax { open.append(wait) }
  }

  /// - Parameter times: number of waits for which the wait stands.
  mutating func add(_ wait: EndedWait, times: Int = 1, to key: Key) {
    guard waitCount < Self.waitsMax, locks[key] != nil || locks.count < Self.locksMax else {
      return isCut = true
    }
    waitCount += 1
    locks[key, default: LockTally()].add(wait, times: times)
  }
}
