public import CTraceShims

/// Writes events into the rings of every session that wants them.
public enum RingWriter {
  /// Writes one record to each session in `mask`. Async-signal-safe.
  ///
  /// - Cost: about one read of the clock and a few ns. Runs out of line only if a ring needs a
  ///   context, a new page, or its reader.
  @inlinable @inline(__always)
  public static func write(
    row: UnsafePointer<trace_event_row>, mask: UInt8, payload: UnsafePointer<UInt64>, words: Int,
    flags: UInt64 = 0
  ) {
    var remaining = mask
    repeat {
      let index = UInt32(truncatingIfNeeded: remaining.trailingZeroBitCount)
      write(row: row, session: index, payload: payload, words: words, flags: flags)
      remaining &= remaining &- 1
    } while remaining != 0
  }

  /// Writes one record to one session. The generation is read before the event's ref, so a ref of a
  /// session that has ended meanwhile is never written into the rings of its successor.
  @inlinable @inline(__always)
  public static func write(
    row: UnsafePointer<trace_event_row>, session index: UInt32, payload: UnsafePointer<UInt64>,
    words: Int, flags: UInt64
  ) {
    let slot = trace_slot_at(index)
    let generation = trace_load_u64(&slot.pointee.generation)
    let ref = UInt64(trace_event_ref(row, index))
    guard ref != 0 else { return }
    let recordWords = UInt64(truncatingIfNeeded: words &+ 1)
    let header = ref << 32 | recordWords << 48 | flags
    let writer = slot.pointee.writer_high | UInt64(trace_thread_id_cached())
    let outcome = trace_section_write(slot, generation, header, writer, payload, recordWords)
    if outcome != TRACE_WRITTEN {
      SlowPath.write(
        slot, generation: generation, header: header, payload: payload, recordWords: recordWords)
    }
  }

  /// Counts an event that could not even be encoded, in each session of `mask`.
  public static func countLoss(mask: UInt8, _ cause: RingLoss) {
    for index in 0..<UInt32(TRACE_SLOTS) where mask & 1 << UInt8(index) != 0 {
      let slot = trace_slot_at(index)
      SlowPath.lose(slot, trace_load_u64(&slot.pointee.generation), cause)
    }
  }

  public static let stackFlag: UInt64 = RecordHeader.stackFlag
  public static let rundownFlag: UInt64 = RecordHeader.rundownFlag
}
