internal import TraceEvents

extension TraceFile {
  /// Splits the trace's time into parts with similar event counts, considering only blocks that
  /// contain a type admitted by `filter`. Each time is in exactly one part. Returns fewer than
  /// `count` parts if the blocks do not allow more.
  ///
  /// - Cost: inspects each block's entry in memory.
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

  /// Returns the number of events in the blocks that may contain events admitted by `filter`.
  package func eventCount(of filter: ReplayFilter) -> Int {
    blocks(of: filter).reduce(0) { $0 + $1.count }
  }

  /// Returns the blocks that may contain events admitted by the filter, ordered by first event.
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
