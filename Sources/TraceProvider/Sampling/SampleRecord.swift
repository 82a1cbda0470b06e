import CTraceShims
import TraceEvents
import TraceRing

/// The record written by the timers' signal handler: a SampledProfile event with the interrupted
/// stack.
///
/// The handler may interrupt any code, so it does not allocate or lock, and uses only what was
/// prepared before.
enum SampleRecord {
  /// The sessions that want samples and their refs, in the form of an event's row.
  nonisolated(unsafe) private static let row = {
    let row = UnsafeMutablePointer<trace_event_row>.allocate(capacity: 1)
    row.initialize(to: trace_event_row())
    return row
  }()
  nonisolated(unsafe) private static let interval = {
    let interval = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    interval.initialize(to: 0)
    return interval
  }()

  static func prepare() { _ = (row, interval) }

  static var interval_ns: UInt64 {
    get { trace_load_u64(interval) }
    set { trace_store_u64(interval, newValue) }
  }

  static func enable(slot: Int, ref: UInt16) {
    setRef(slot, ref)
    trace_store_u8(&row.pointee.mask, row.pointee.mask | 1 << UInt8(slot))
  }

  static func disable(slot: Int) {
    trace_store_u8(&row.pointee.mask, row.pointee.mask & ~(1 << UInt8(slot)))
    setRef(slot, 0)
  }

  static func disableAll() { for slot in 0..<EmitterSlots.count { disable(slot: slot) } }

  private static func setRef(_ slot: Int, _ ref: UInt16) {
    let offset = MemoryLayout<trace_event_row>.offset(of: \.refs)!
    let refs = (UnsafeMutableRawPointer(row) + offset).assumingMemoryBound(to: UInt16.self)
    trace_store_u16(refs + slot, ref)
  }

  /// The two words of the head are the event's fields, as its `encode` would write them. The frames
  /// follow.
  static let write: trace_sample_handler = { words, count, periods in
    let mask = trace_load_u8(&row.pointee.mask)
    guard mask != 0 else { return }
    words[0] = trace_load_u64(interval) &* periods
    words[1] = UInt64(SampleSource.threadTimer.rawValue)
    RingWriter.write(
      row: row, mask: mask, payload: words,
      words: Int(TRACE_SAMPLE_HEAD_WORDS) + Int(count), flags: RingWriter.stackFlag)
  }
}
