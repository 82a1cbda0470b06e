internal import TraceEvents

/// A block that takes part in a merge.
final class ActiveBlock {
  let block = EventBlock()
  /// Positions of the events that are handed out, cursor by cursor.
  private var selected = GrowingBuffer<UInt32>(capacity: 64)
  /// A batch to fill in for each of the block's types.
  var batches = GrowingBuffer<EventBatch>(capacity: 8)
  /// Whether anything handles each of the block's types.
  var isWanted: [Bool] = []
  /// Cursors that are not at their end.
  var cursorCount = 0

  var memoryBytes: Int { block.memoryBytes + selected.capacity * 4 }

  /// Selects what is to be handed out and gives a cursor for each stream (more for one whose time
  /// goes back).
  func select(
    slot: Int, order: UInt32, ticks range: ClosedRange<UInt64>, filter: ReplayFilter,
    into cursors: inout [Cursor]
  ) {
    let isAll = isWanted.allSatisfy { $0 }
    selected.count = 0
    selected.reserve(block.count)
    let admitted = filter.concernsOrigins ? admittedOrigins(filter) : nil
    var spans: [(stream: UInt32, range: Range<Int>)] = []
    var lastTicks: UInt64 = 0
    for stretch in stretchesByStream() {
      let start = selected.count
      select(stretch, isAll: isAll, range, admitted)
      guard selected.count > start else { continue }
      let firstTicks = block.ticks[Int(selected[start])]
      if let last = spans.last, last.stream == stretch.stream, firstTicks >= lastTicks {
        spans[spans.count - 1].range = last.range.lowerBound..<selected.count
      } else {
        spans.append((stretch.stream, start..<selected.count))
      }
      lastTicks = block.ticks[Int(selected[selected.count - 1])]
    }
    for span in spans {
      let first = UnsafePointer(selected.base) + span.range.lowerBound
      cursors.append(
        Cursor(
          next: first, end: UnsafePointer(selected.base) + span.range.upperBound,
          ticks: block.ticks.base, types: block.types.base,
          rank: UInt64(span.stream) << 32 | UInt64(order), key: UInt64(slot) << 16))
    }
    cursorCount = spans.count
  }

  /// A stream's stretches one after the other, in the order they were written.
  private func stretchesByStream() -> [Stretch] {
    let stretches = block.stretches
    guard stretches.count > 1 else { return stretches }
    let order = stretches.indices.sorted {
      (stretches[$0].stream, $0) < (stretches[$1].stream, $1)
    }
    return order.map { stretches[$0] }
  }

  private func select(
    _ stretch: Stretch, isAll: Bool, _ range: ClosedRange<UInt64>, _ admitted: [Bool]?
  ) {
    let ticks = block.ticks.base
    var start = stretch.start
    var end = stretch.end
    if ticks[start] < range.lowerBound || ticks[end - 1] > range.upperBound {
      while start < end, ticks[start] < range.lowerBound { start += 1 }
      while end > start, ticks[end - 1] > range.upperBound { end -= 1 }
    }
    let target = selected.base
    var count = selected.count
    if isAll, admitted == nil {
      for position in start..<end {
        target[count] = UInt32(truncatingIfNeeded: position)
        count &+= 1
      }
    } else {
      let types = block.types.base
      let origins = block.originIndexes.base
      for position in start..<end {
        guard isWanted[Int(types[position])] else { continue }
        if let admitted, !admitted[Int(origins[position])] { continue }
        target[count] = UInt32(truncatingIfNeeded: position)
        count &+= 1
      }
    }
    selected.count = count
  }

  private func admittedOrigins(_ filter: ReplayFilter) -> [Bool] {
    (0..<block.origins.count).map { filter.admits(block.origins[$0]) }
  }
}
