internal import TraceEvents

// The collections of a process, and what is summed up over them.

extension CollectionSummary {
  mutating func listCollections() {
    let lastEnd = tracker.collections.lazy.compactMap(\.end).max() ?? .min
    for (position, record) in tracker.collections.enumerated() where selects(record.begin) {
      guard let collect = record.collect else {
        // A background collection may outlast others.
        let isUnfinished = record.isBackground || record.begin >= lastEnd
        addOpen(.collection, record.start.count, record.begin, isUnfinished: isUnfinished)
        continue
      }
      var row = GCReport.Collection(
        number: record.start.count, generation: record.generation, cause: record.cause,
        type: record.start.type, start_ns: record.begin, collect_ns: collect,
        pause_ns: pauses[position], suspend_ns: stops[position],
        collector: record.history?.collector)
      if tracker.allocations.total != nil {
        row.allocated_bytes = record.allocated
        row.heapBefore_bytes = heapBefore(record)
      }
      row.heapBefore_bytes = record.statedBefore ?? row.heapBefore_bytes
      if let end = record.end, let after = record.after, isLossFree(end, after.at) {
        row.heapAfter_bytes = after.bytes
        row.promoted_bytes = after.promoted
      }
      process.collections.append(row)
    }
  }

  /// Returns the heap before a collection; nil if it is not known to within a tenth.
  private func heapBefore(_ record: CollectionRecord) -> UInt64? {
    guard let (bytes, since) = record.before, tracker.allocations.step <= bytes / 10,
      isLossFree(since, record.begin)
    else { return nil }
    return bytes
  }

  mutating func sumMemory() {
    process.allocated_bytes = tracker.allocations.total
    let rows = process.collections
    process.promoted_bytes = rows.sum(\.promoted_bytes)
    let before = rows.lazy.compactMap(\.heapBefore_bytes).max()
    process.peakHeap_bytes = [before, tracker.peakHeap].compactMap { $0 }.max()
    process.lastHeap_bytes = rows.last { $0.heapAfter_bytes != nil }?.heapAfter_bytes
  }

  func groups<Key: Hashable & Comparable & Sendable>(
    by key: (GCReport.Collection) -> Key
  ) -> [GCReport.Group<Key>] {
    Dictionary(grouping: process.collections, by: key).map { key, rows in
      GCReport.Group(
        key: key, collections: rows.count, pauses: DurationSummary(rows.compactMap(\.pause_ns)),
        collect_ns: rows.reduce(0) { $0.addingClamped($1.collect_ns) },
        promoted_bytes: rows.sum(\.promoted_bytes))
    }.sorted { $0.key < $1.key }
  }
}

extension [GCReport.Collection] {
  /// Returns the sum of the known values; nil if none is known.
  fileprivate func sum(_ value: (Element) -> UInt64?) -> UInt64? {
    reduce(nil) { sum, row in value(row).map { (sum ?? 0).addingClamped($0) } ?? sum }
  }
}
