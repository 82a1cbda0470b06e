public import CTraceShims
import Synchronization
public import TraceEvents
public import TraceRing

/// Encodes an event that a session wants, and writes it into the rings.
@usableFromInline
enum EventWriter {
  /// Events of up to this many bytes are encoded on the caller's stack.
  @usableFromInline static var inlineBytes: Int { 256 }
  static let stackDepthMax = 192

  /// Whether only one session wants the row's event, and the event may be written without further
  /// checks; see `TRACE_NOT_SOLE`.
  @inlinable @inline(__always)
  static func isSole<E: TraceEvent>(_: E.Type, _ row: UnsafePointer<trace_event_row>) -> Bool {
    trace_event_sole_type(row) == typeAddress(E.self)
  }

  /// Whether the event may be written into the rings as it is: it needs no stack, and its type has
  /// been checked.
  @inlinable @inline(__always)
  static func isPlain<E: TraceEvent>(
    _: E.Type, _ row: UnsafeMutablePointer<trace_event_row>
  ) -> Bool {
    trace_load_u8(&row.pointee.stack_mask) == 0 && trace_event_type(row) == typeAddress(E.self)
  }

  /// `isSole` is what ``isSole(_:_:)`` returned. If an event has a fixed length of a few words,
  /// nothing here takes its address, so its fields and their encoding stay in registers.
  @inlinable @inline(__always)
  static func write<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>, isSole: Bool
  ) {
    guard isSole || isPlain(E.self, row) else { return writeOutOfLine(event, row) }
    withUnsafeTemporaryAllocation(byteCount: inlineBytes, alignment: 8) { buffer in
      var encoder = EventEncoder(buffer)
      event.encode(into: &encoder)
      guard !encoder.isOverflowing else { return writeOutOfLine(event, row) }
      RingWriter.write(
        row: row, isSole: isSole,
        payload: buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self),
        words: encoder.byteCount &>> 3)
    }
  }

  /// ``writeSlow(_:_:mask:flags:)``, compiled for each event type, so that the event's address is
  /// taken here and not in the emitter.
  @inlinable @inline(never)
  static func writeOutOfLine<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>
  ) {
    let mask = trace_load_u8(&row.pointee.mask)
    if mask != 0 { writeSlow(event, row, mask: mask, flags: 0) }
  }

  @inlinable @inline(__always)
  static func typeAddress<E: TraceEvent>(_: E.Type) -> UInt {
    unsafeBitCast(E.self as Any.Type, to: UInt.self)
  }

  /// Large events, events with stacks, and rundown events are encoded in a buffer of the process's
  /// pool.
  @usableFromInline @inline(never)
  static func writeSlow<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>, mask: UInt8, flags: UInt64
  ) {
    var mask = mask
    if trace_event_type(row) != typeAddress(E.self) {
      mask = EventAdmission.admit(event, row, mask: mask)
      guard mask != 0 else { return }
    }
    guard let (payload, words) = takeEncoded(event, mask: mask) else { return }
    defer { LargeBuffers.giveBack(payload) }
    let stackMask = trace_load_u8(&row.pointee.stack_mask) & mask
    if mask & ~stackMask != 0 {
      RingWriter.write(
        row: row, mask: mask & ~stackMask, payload: payload, words: words, flags: flags)
    }
    guard stackMask != 0 else { return }
    let room = min(stackDepthMax, RingLayout.payloadBytesMax / 8 - words)
    let depth = captureStack(payload + words, limit: room)
    RingWriter.write(
      row: row, mask: stackMask, payload: payload, words: words + depth,
      flags: flags | (depth > 0 ? RingWriter.stackFlag : 0))
  }

  /// Encodes the event in a buffer with room for a whole record, which the caller returns. Nil if
  /// no buffer is free or the event is too large; the event is then counted as lost.
  static func takeEncoded<E: TraceEvent>(
    _ event: E, mask: UInt8
  ) -> (payload: UnsafeMutablePointer<UInt64>, words: Int)? {
    guard let buffer = LargeBuffers.take() else {
      RingWriter.countLoss(mask: mask, .contention)
      return nil
    }
    var encoder = EventEncoder(
      UnsafeMutableRawBufferPointer(start: buffer, count: RingLayout.payloadBytesMax))
    event.encode(into: &encoder)
    guard !encoder.isOverflowing else {
      LargeBuffers.giveBack(buffer)
      RingWriter.countLoss(mask: mask, .tooLarge)
      return nil
    }
    return (buffer.assumingMemoryBound(to: UInt64.self), encoder.byteCount >> 3)
  }

  /// Omits the innermost frame, which is in this file.
  private static func captureStack(_ frames: UnsafeMutablePointer<UInt64>, limit: Int) -> Int {
    let depth = Int(trace_capture_stack(frames, UInt32(max(limit, 0))))
    guard depth > 1 else { return 0 }
    frames.update(from: frames + 1, count: depth - 1)
    return depth - 1
  }
}

/// Buffers for events that are too large for the stack. Their number is fixed, and one atomic word
/// allocates them, so a signal handler can use them. Memory is used only on demand.
enum LargeBuffers {
  private static let count = 64
  private static let stride = 1 << 16
  private static let taken = Atomic<UInt64>(0)
  private static let region = Atomic<UInt>(0)

  static func take() -> UnsafeMutableRawPointer? {
    guard let base = base() else { return nil }
    var bits = taken.load(ordering: .relaxed)
    while bits != .max {
      let index = (~bits).trailingZeroBitCount
      let (done, current) = taken.compareExchange(
        expected: bits, desired: bits | 1 << UInt64(index), ordering: .acquiring)
      if done { return base + index * stride }
      bits = current
    }
    return nil
  }

  static func giveBack(_ buffer: UnsafeMutableRawPointer) {
    guard let base = base() else { return }
    let index = UInt64((buffer - base) / stride)
    taken.bitwiseAnd(~(1 << index), ordering: .releasing)
  }

  private static func base() -> UnsafeMutableRawPointer? {
    let known = region.load(ordering: .acquiring)
    if known != 0 { return UnsafeMutableRawPointer(bitPattern: known) }
    guard let fresh = trace_reserve(count * stride) else { return nil }
    let (isMine, winner) = region.compareExchange(
      expected: 0, desired: UInt(bitPattern: fresh), ordering: .acquiringAndReleasing)
    if isMine { return fresh }
    trace_release(fresh, count * stride)
    return UnsafeMutableRawPointer(bitPattern: winner)
  }
}
