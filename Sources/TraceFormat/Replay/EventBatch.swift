public import TraceEvents

/// Consecutive events, in time order, of one type and one block.
@usableFromInline
struct EventBatch {
  /// Positions of the events in their block.
  @usableFromInline var positions: UnsafePointer<UInt32>
  @usableFromInline var count: Int
  @usableFromInline let ticks: UnsafePointer<UInt64>
  @usableFromInline let rows: UnsafePointer<UInt32>
  @usableFromInline let originIndexes: UnsafePointer<UInt32>
  @usableFromInline let origins: UnsafePointer<EventOrigin>
  @usableFromInline let flags: UnsafePointer<UInt8>
  @usableFromInline let stacks: UnsafePointer<UInt32>
  @usableFromInline let columns: UnsafeBufferPointer<FieldColumn>
  @usableFromInline let typeIndex: Int
  @usableFromInline let clock: UnsafeBufferPointer<ClockSegment>
  @usableFromInline let startUnixNanoseconds: Int64
  let handlers: UnsafePointer<RouteTable.Handler>
  let handlerCount: Int
  /// Result of each handler's sieve for single events.
  let admission: Admission

  /// Fills in the header of an event. `segment` is kept between events, because most events fall
  /// into the segment of their predecessor.
  @inlinable @inline(__always)
  func fill(_ header: inout EventHeader, _ segment: inout ClockSegment, _ position: Int) {
    let moment = ticks[position]
    if !segment.covers(moment) { segment = self.segment(ofTicks: moment) }
    let origin = origins[Int(originIndexes[position])]
    header.ticks = moment
    header.timestamp = segment.timestamp(ofTicks: moment)
    header.stream = origin.stream
    header.processIndex = origin.processIndex
    header.pid = origin.pid
    header.tid = origin.tid
    header.cpu = origin.cpu
    header.flags = EventFlags(rawValue: flags[position])
    header.stack = StackID(rawValue: stacks[position])
  }

  /// Calls the handlers. Each event goes to all handlers before the next event.
  @inline(__always)
  mutating func handOut() throws {
    if handlerCount == 1 {
      try handlers[0].handle(self)
      return
    }
    let all = positions
    let total = count
    count = 1
    for index in 0..<total {
      positions = all + index
      let position = Int(all[index])
      for handler in 0..<handlerCount {
        let sieve = handlers[handler].sieve
        guard
          sieve < 0 || admission.admits(sieve, ticks[position], Int(originIndexes[position]))
        else { continue }
        try handlers[handler].handle(self)
      }
    }
  }

  @usableFromInline @inline(never)
  func segment(ofTicks moment: UInt64) -> ClockSegment {
    ClockMap.segment(ofTicks: moment, in: clock)
  }
}

/// The events of a block that pass each sieve.
struct Admission {
  /// First and last ticks of each sieve.
  var ticks: UnsafePointer<(first: UInt64, last: UInt64)>
  /// Whether each sieve admits each of the block's origins, by sieve.
  var origins: UnsafePointer<Bool>
  var originCount: Int

  @inline(__always)
  func admits(_ sieve: Int, _ moment: UInt64, _ origin: Int) -> Bool {
    moment >= ticks[sieve].first && moment <= ticks[sieve].last
      && origins[sieve &* originCount &+ origin]
  }
}
