internal import TraceEvents

extension TraceFile {
  /// Parts of the trace's time that have about as many events each of the types that `filter`
  /// admits: all times are in exactly one. Fewer than `count` where the blocks do not allow it.
  ///
  /// - Cost: a look at each block's entry in memory.
  package func parts(_ count: Int, of filter: ReplayFilter) -> [ClosedRange<Int64>] {
    let blocks = blocks(of: filter)
    let total = blocks.reduce(0) { $0 + $1.count }
    var bounds: [Int64] = []
    var passed = 0
    for block in blocks {
      let due = bounds.count + 1
      if due < count, passed * count >= total * due {
        let time = timestamp(ofTicks: block.first)
        if time > bounds.last ?? .min { bounds.append(time) }
      }
      passed += block.count
    }
    let ends = bounds.map { $0 - 1 } + [.max]
    return zip([.min] + bounds, ends).map { $0...$1 }
  }

  /// How many events the blocks have in which events that `filter` admits may be.
  package func eventCount(of filter: ReplayFilter) -> Int {
    blocks(of: filter).reduce(0) { $0 + $1.count }
  }

  /// The blocks in which events that the filter admits may be, in order of their first events.
  private func blocks(of filter: ReplayFilter) -> [(first: UInt64, count: Int)] {
    let ticks = filter.time.map { clock.ticks(of: $0) } ?? 0...UInt64.max
    let wanted = Set(
      eventTypes.lazy.filter { filter.admits?($0.schema) ?? true }.map(\.ref))
    return index.blocks.filter { entry in
      entry.kind == BlockKind.events && entry.first <= ticks.upperBound
        && entry.last >= ticks.lowerBound
        && entry.types.contains { wanted.contains(index.typeRefs[$0]) }
    }
    .map { (first: $0.first, count: Int($0.count)) }
    .sorted { $0.first < $1.first }
  }
}
