public import CTraceShims
public import TraceEvents
import TraceRing

extension Provider {
  /// Writes the event. A session that records its stack gets the one supplied by `stack` instead of
  /// the native stack. For runtimes whose frames are not on the native stack, such as an
  /// interpreter's.
  ///
  /// `stack` appends addresses, innermost first: the location of the event, then return addresses.
  /// A reader looks up the byte before a return address. To get a name, an address must be
  /// announced before (``MethodLoad``, ``SymbolLoad``). If `stack` appends nothing, the event has
  /// no stack.
  ///
  /// - Guarantee: `stack` runs at most once, on the calling thread, before the event's timestamp is
  ///   read, and only if a session records the stack of this event. It may emit events.
  /// - Cost: that of ``emit(_:)`` if no session records the stack of this event.
  @inlinable @inline(__always)
  public borrowing func emit<E: TraceEvent>(
    _ event: @autoclosure () -> E, stack: (inout OutputSpan<UInt64>) -> Void
  ) {
    guard hints.mayBeWanted(E.self) else { return }
    let row = Self.row(registeredRows(), E.self)
    let isSole = EventWriter.isSole(E.self, row)
    guard isSole || trace_load_u8(&row.pointee.mask) != 0 else { return }
    if isSole || EventWriter.isPlain(E.self, row) {
      EventWriter.write(event(), row, isSole: isSole)
    } else {
      EventWriter.write(event(), row, stack: stack)
    }
  }
}

extension CaptureState {
  /// Like ``emit(_:)``; a session that records the event's stack gets the one supplied by `stack`,
  /// because the stack of the thread that captures the state says nothing.
  public func emit<E: TraceEvent>(
    _ event: @autoclosure () -> E, stack: (inout OutputSpan<UInt64>) -> Void
  ) {
    guard trace_load_u8(&rows[Int(E.eventID)].mask) != 0 else { return }
    guard isEnabled(E.self) else { return EventAdmission.noteUndescribed(E.self, rows) }
    EventWriter.write(
      event(), rows + Int(E.eventID), mask: 1 << UInt8(slot), flags: RingWriter.rundownFlag,
      stack: stack)
  }
}

extension EventWriter {
  /// Like ``writeSlow(_:_:mask:flags:)``, with a stack supplied by the emitter.
  @usableFromInline @inline(never)
  static func write<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>,
    stack: (inout OutputSpan<UInt64>) -> Void
  ) {
    write(event, row, mask: trace_load_u8(&row.pointee.mask), flags: 0, stack: stack)
  }

  static func write<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>, mask: UInt8, flags: UInt64,
    stack: (inout OutputSpan<UInt64>) -> Void
  ) {
    var mask = mask
    guard mask != 0 else { return }
    if trace_event_type(row) != typeAddress(E.self) {
      mask = EventAdmission.admit(event, row, mask: mask)
      guard mask != 0 else { return }
    }
    let stackMask = trace_load_u8(&row.pointee.stack_mask) & mask
    guard stackMask != 0 else {
      return writeEncoded(
        event, row, mask: mask, stackMask: 0, UnsafeBufferPointer(start: nil, count: 0),
        flags: flags)
    }
    // Runs before a buffer is taken, because there are few buffers and the closure may take
    // arbitrarily long.
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: stackDepthMax) { buffer in
      var frames = OutputSpan(buffer: buffer, initializedCount: 0)
      stack(&frames)
      let count = frames.finalize(for: buffer)
      writeEncoded(
        event, row, mask: mask, stackMask: stackMask,
        UnsafeBufferPointer(rebasing: buffer[..<count]), flags: flags)
    }
  }

  private static func writeEncoded<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>, mask: UInt8, stackMask: UInt8,
    _ frames: UnsafeBufferPointer<UInt64>, flags: UInt64 = 0
  ) {
    guard let (payload, words) = takeEncoded(event, mask: mask) else { return }
    defer { LargeBuffers.giveBack(payload) }
    if mask & ~stackMask != 0 {
      RingWriter.write(
        row: row, mask: mask & ~stackMask, payload: payload, words: words, flags: flags)
    }
    guard stackMask != 0 else { return }
    let depth = min(frames.count, RingLayout.payloadBytesMax / 8 - words)
    for index in 0..<depth { payload[words + index] = frames[index] }
    RingWriter.write(
      row: row, mask: stackMask, payload: payload, words: words + depth,
      flags: flags | (depth > 0 ? RingWriter.stackFlag : 0))
  }
}
