import CTraceShims
import Glibc

/// The fallback without rseq: one try-lock for each ring. A writer that finds a ring locked tries
/// the next one, so a preempted holder blocks no other thread. A signal handler never waits for the
/// thread that it interrupted.
enum LockWriter {
  static func write(_ slot: UnsafeMutablePointer<trace_slot>, _ record: PendingRecord)
    -> SlowPath.Step
  {
    guard let rings = slot.pointee.rings else { return .detached }
    let count = Int(slot.pointee.ring_count)
    let tid = trace_thread_id()
    let first = Int(tid) % count
    var heldByMe = 0
    for offset in 0..<count {
      let ring = rings[(first + offset) % count]
      if trace_load_u32(&ring.control.pointee.lock) == tid { heldByMe += 1 }
      guard trace_compare_exchange_u32(&ring.control.pointee.lock, 0, tid) else { continue }
      defer { trace_store_u32(&ring.control.pointee.lock, 0) }
      return writeLocked(slot, ring, record, tid)
    }
    if heldByMe == count { return .lost(.signal) }
    sched_yield()
    return .again
  }

  private static func writeLocked(
    _ slot: UnsafeMutablePointer<trace_slot>, _ ring: trace_ring_ref, _ record: PendingRecord,
    _ tid: UInt32
  ) -> SlowPath.Step {
    let control = ring.control
    let ticks = slot.pointee.uses_monotonic_clock != 0 ? trace_monotonic_ns() : trace_ticks()
    let turn = PageTurn(
      slot: slot, ring: ring, tail: trace_load_u64(&control.pointee.tail), ticks: ticks,
      writer: slot.pointee.writer_high | UInt64(tid))
    // `tail` is loaded once, because the record's position must not depend on later values.
    let place: (tail: UInt64, base: UInt64)? = withUnsafeTemporaryAllocation(
      of: trace_store.self, capacity: PageTurn.storesMax
    ) { stores in
      switch turn.plan(record.words, stores.baseAddress!) {
      case .nothing(let base): return (turn.tail, base)
      case .room: return nil
      case .stores(let count, let tail):
        for store in stores[..<count] { trace_store_u64(store.address, store.value) }
        if trace_load_u32(&slot.pointee.stalled) != 0 { trace_store_u32(&slot.pointee.stalled, 0) }
        turn.wakeConsumerIfFilling()
        return (tail, ticks)
      }
    }
    guard let place else {
      turn.wakeConsumerIfFilling()
      return .full
    }
    let words =
      ring.data + Int(place.tail & RingLayout.positionMask & slot.pointee.ring_mask_words)
    words[0] = record.header | (ticks &- place.base)
    for word in 1..<max(record.words, 1) { words[word] = record.payload[word - 1] }
    trace_store_u64(
      &control.pointee.tail,
      place.tail &+ UInt64(record.words) &+ 1 << RingLayout.eventCountShift)
    return .written
  }

  /// Any thread may count: the counters of lock sets are updated atomically.
  static func countLoss(_ slot: UnsafeMutablePointer<trace_slot>, _ cause: RingLoss) {
    guard let rings = slot.pointee.rings else { return }
    _ = trace_add_u64(lossCounter(rings[0].control, cause), 1)
  }
}
