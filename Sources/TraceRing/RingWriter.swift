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
    let outcome = trace_section_write(
      slot, RecordHeader.start(header, generation), writer, payload, recordWords &- 1)
    if outcome != TRACE_WRITTEN {
      SlowPath.write(
        slot, generation: generation, header: header, payload: payload, recordWords: recordWords)
    }
  }

  /// Writes one record to each session that wants the event. If `isSole`, the row's type was found
  /// equal by `trace_event_sole_type`, and one session probably wants it.
  ///
  /// - Cost: if `words` is a constant of at most `TRACE_SHORT_WORDS`, and one session wants the
  ///   event, the payload stays in registers, and most of the work is done while the clock is read.
  @inlinable @inline(__always)
  public static func write(
    row: UnsafeMutablePointer<trace_event_row>, isSole: Bool, payload: UnsafePointer<UInt64>,
    words: Int
  ) {
    let payloadWords = UInt64(truncatingIfNeeded: words)
    if isSole, writeToSoleSession(of: row, payload, payloadWords) { return }
    if trace_is_short(payloadWords) {
      writeShort(row, payload[0], payload[1], payload[2], payload[3], payload[4], payloadWords)
    } else {
      writeLong(row, payload, payloadWords)
    }
  }

  /// False, without having written, if the ring is not ready or the row is being changed.
  @inlinable @inline(__always)
  static func writeToSoleSession(
    of row: UnsafePointer<trace_event_row>, _ payload: UnsafePointer<UInt64>, _ words: UInt64
  ) -> Bool {
    let session = trace_sole_session_of(row)
    let header = session.header | (words &+ 1) << 48
    return trace_section_write(session.slot, header, session.writer, payload, words)
      == TRACE_WRITTEN
  }

  /// Takes the payload by value, because its address would keep it in memory on the path above.
  @usableFromInline @inline(never)
  static func writeShort(
    _ row: UnsafeMutablePointer<trace_event_row>, _ word0: UInt64, _ word1: UInt64,
    _ word2: UInt64, _ word3: UInt64, _ word4: UInt64, _ words: UInt64
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Int(TRACE_SHORT_WORDS)) { payload in
      (payload[0], payload[1], payload[2]) = (word0, word1, word2)
      (payload[3], payload[4]) = (word3, word4)
      writeToAll(row, payload.baseAddress.unsafelyUnwrapped, words)
    }
  }

  @usableFromInline @inline(never)
  static func writeLong(
    _ row: UnsafeMutablePointer<trace_event_row>, _ payload: UnsafePointer<UInt64>,
    _ words: UInt64
  ) { writeToAll(row, payload, words) }

  @inline(__always)
  private static func writeToAll(
    _ row: UnsafeMutablePointer<trace_event_row>, _ payload: UnsafePointer<UInt64>,
    _ words: UInt64
  ) {
    let mask = trace_load_u8(&row.pointee.mask)
    guard mask != 0 else { return }
    write(row: row, mask: mask, payload: payload, words: Int(truncatingIfNeeded: words))
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
