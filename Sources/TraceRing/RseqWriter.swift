import CTraceShims

/// The slow path of sets that use restartable sections. Only the thread that runs on a CPU writes
/// the CPU's ring, and a list of stores is made only if the thread was not interrupted.
enum RseqWriter {
  /// Makes the current CPU's ring ready for the record.
  static func prepare(_ slot: UnsafeMutablePointer<trace_slot>, _ record: PendingRecord)
    -> SlowPath.Step
  {
    let cpu = trace_rseq_cpu()
    guard cpu < slot.pointee.ring_count, let rings = slot.pointee.rings else {
      return .lost(.contention)
    }
    let ring = rings[Int(cpu)]
    let turn = PageTurn(
      slot: slot, ring: ring, tail: trace_load_u64(&ring.control.pointee.tail),
      ticks: trace_ticks(), writer: slot.pointee.writer_high | UInt64(trace_thread_id()))
    return withUnsafeTemporaryAllocation(
      of: trace_store.self, capacity: PageTurn.storesMax
    ) { stores in
      let list = stores.baseAddress!
      switch turn.plan(record.words, list) {
      case .nothing: return .again
      case .room:
        turn.wakeConsumerIfFilling()
        return .full
      case .stores(let count, _):
        let outcome = trace_section_store(
          cpu, &ring.control.pointee.tail, turn.tail, list, UInt64(count))
        if outcome == TRACE_WRITTEN {
          if trace_load_u32(&slot.pointee.stalled) != 0 {
            trace_store_u32(&slot.pointee.stalled, 0)
          }
          turn.wakeConsumerIfFilling()
        }
        return .again
      }
    }
  }

  /// Adds one to the current CPU's counter, exactly once.
  static func countLoss(_ slot: UnsafeMutablePointer<trace_slot>, _ cause: RingLoss) {
    for _ in 0..<SlowPath.roundsMax {
      let cpu = trace_rseq_cpu()
      guard cpu < slot.pointee.ring_count, let rings = slot.pointee.rings else { break }
      let counter = lossCounter(rings[Int(cpu)].control, cause)
      let value = trace_load_relaxed_u64(counter)
      var store = trace_store(address: counter, value: value &+ 1)
      if trace_section_store(cpu, counter, value, &store, 1) == TRACE_WRITTEN { return }
    }
    guard let set = slot.pointee.set else { return }
    _ = trace_add_u64(&set.pointee.lost_without_rseq, 1)
  }
}

func lossCounter(
  _ control: UnsafeMutablePointer<trace_ring_control>, _ cause: RingLoss
) -> UnsafeMutablePointer<UInt64> {
  let offset = MemoryLayout<trace_ring_control>.offset(of: \.lost)!
  return (UnsafeMutableRawPointer(control) + offset).assumingMemoryBound(to: UInt64.self)
    + cause.rawValue
}
