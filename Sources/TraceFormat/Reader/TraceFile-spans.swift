internal import TraceEvents

/// What the index says about one block of events.
package struct BlockSpan: Sendable {
  /// Nanoseconds since the trace's start of the first and the last event.
  package var from: Int64
  package var to: Int64
  package var count: Int
  /// Number of events by position in ``TraceFile/eventTypes``.
  package var types: [(type: Int, count: Int)]
}

extension TraceFile {
  /// The blocks of events in the file's order. Times of blocks may overlap.
  ///
  /// - Cost: inspects each block's entry in memory.
  package var blockSpans: [BlockSpan] {
    let positions = Dictionary(
      eventTypes.map { ($0.ref, $0.index) }, uniquingKeysWith: { first, _ in first })
    return index.blocks.filter { $0.kind == BlockKind.events }.map { entry in
      BlockSpan(
        from: timestamp(ofTicks: entry.first), to: timestamp(ofTicks: entry.last),
        count: entry.count,
        types: zip(index.typeRefs[entry.types], index.typeCounts[entry.types])
          .compactMap { ref, count in positions[ref].map { ($0, Int(count)) } })
    }
  }
}
