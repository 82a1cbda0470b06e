public import CTraceShims
import Glibc

/// The producer's slow path: contexts, page switches, waiting, counting.
///
/// Async-signal-safe, without allocation. While it uses the mapping, it is counted in the slot's
/// `slow_users`, so that a detach waits for it. It is not counted while it sleeps.
@usableFromInline
enum SlowPath {
  /// Attempts before an event is counted as lost to contention. Each failed attempt requires a
  /// preemption, a migration or a taken lock in the same few nanoseconds.
  static let roundsMax = 10_000
  private static let sleepNanoseconds = 50_000

  enum Step {
    case written
    /// The ring has changed; try again.
    case again
    /// The ring has no room, and the mode does not overwrite old events.
    case full
    /// The event was counted as lost.
    case lost(RingLoss)
    /// The session that wanted the event has ended.
    case detached
  }

  @usableFromInline @inline(never)
  static func write(
    _ slot: UnsafeMutablePointer<trace_slot>, generation: UInt64, header: UInt64,
    payload: UnsafePointer<UInt64>, recordWords: UInt64
  ) {
    let record = PendingRecord(header: header, payload: payload, words: Int(recordWords))
    let savedErrno = errno
    let depth = trace_enter_slow_path()
    defer {
      trace_leave_slow_path()
      errno = savedErrno
    }
    var deadline: UInt64 = 0
    for _ in 0..<roundsMax {
      switch attached(slot, generation, { attempt(slot, generation, record) }) {
      case .written, .detached, .lost: return
      case .again: continue
      case .full:
        if let cause = waitForRoom(slot, depth: depth, deadline: &deadline) {
          lose(slot, generation, cause)
          return
        }
      }
    }
    lose(slot, generation, .contention)
  }

  /// Makes one attempt. A loss that waiting cannot prevent is counted here, while the mapping is
  /// held anyway.
  private static func attempt(
    _ slot: UnsafeMutablePointer<trace_slot>, _ generation: UInt64, _ record: PendingRecord
  ) -> Step {
    let step = tryToWrite(slot, generation, record)
    switch step {
    case .lost(let cause): countLoss(slot, cause)
    case .full where slot.pointee.mode != BufferMode.block.rawValue:
      countLoss(slot, .bufferFull)
      return .lost(.bufferFull)
    default: break
    }
    return step
  }

  private static func tryToWrite(
    _ slot: UnsafeMutablePointer<trace_slot>, _ generation: UInt64, _ record: PendingRecord
  ) -> Step {
    guard record.words <= RingLayout.recordWordsMax else { return .lost(.tooLarge) }
    if slot.pointee.uses_locks != 0 { return LockWriter.write(slot, record) }
    let step = RseqWriter.prepare(slot, record)
    guard case .again = step else { return step }
    let writer = slot.pointee.writer_high | UInt64(trace_thread_id())
    let outcome = trace_section_write(
      slot, RecordHeader.start(record.header, generation), writer, record.payload,
      UInt64(truncatingIfNeeded: record.words &- 1))
    return outcome == TRACE_WRITTEN ? .written : .again
  }

  /// Runs `body` while the slot's mapping is guaranteed to stay, or does not run it.
  private static func attached(
    _ slot: UnsafeMutablePointer<trace_slot>, _ generation: UInt64, _ body: () -> Step
  ) -> Step {
    _ = trace_add_u32(&slot.pointee.slow_users, 1)
    defer { _ = trace_add_u32(&slot.pointee.slow_users, .max) }
    let isAttached = generation & 1 == 1 && trace_load_u64(&slot.pointee.generation) == generation
    return isAttached ? body() : .detached
  }

  /// Sleeps briefly, or returns the reason to give up the event.
  private static func waitForRoom(
    _ slot: UnsafeMutablePointer<trace_slot>, depth: UInt32, deadline: inout UInt64
  ) -> RingLoss? {
    // A signal handler may have interrupted the code that others wait for.
    if deadline == 0, depth > 0 || trace_is_in_signal_handler() { return .signal }
    let now = trace_monotonic_ns()
    if deadline == 0 {
      // Another emitter has waited for the whole time without success, and the ring has not changed
      // since.
      if trace_load_u32(&slot.pointee.stalled) != 0 { return .blockTimeout }
      deadline = now &+ slot.pointee.block_timeout_ns
    }
    if now >= deadline {
      trace_store_u32(&slot.pointee.stalled, 1)
      return .blockTimeout
    }
    var pause = timespec(tv_sec: 0, tv_nsec: sleepNanoseconds)
    nanosleep(&pause, nil)
    return nil
  }

  static func lose(
    _ slot: UnsafeMutablePointer<trace_slot>, _ generation: UInt64, _ cause: RingLoss
  ) {
    _ = attached(slot, generation) {
      countLoss(slot, cause)
      return .lost(cause)
    }
  }

  private static func countLoss(_ slot: UnsafeMutablePointer<trace_slot>, _ cause: RingLoss) {
    if slot.pointee.uses_locks != 0 {
      LockWriter.countLoss(slot, cause)
    } else {
      RseqWriter.countLoss(slot, cause)
    }
  }
}

/// A record to be written to a ring.
struct PendingRecord {
  var header: UInt64
  var payload: UnsafePointer<UInt64>
  /// Length in words, including the header.
  var words: Int
}
