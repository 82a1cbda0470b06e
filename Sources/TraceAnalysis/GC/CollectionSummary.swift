internal import TraceEvents

/// Sums up the paired events of one process.
struct CollectionSummary {
  /// Number of pauses listed as the longest.
  static let longestMax = 10

  private(set) var process: GCReport.Process

  private let tracker: CollectionTracker
  private let losses: LossWindows
  private let selection: ClosedRange<Int64>?
  /// Pauses and suspension times by position of the collection.
  private var pauses: [UInt64?]
  private var stops: [UInt64?]

  init(
    _ tracker: CollectionTracker, _ covered: CoveredProcess, _ losses: LossWindows,
    _ selection: ClosedRange<Int64>?
  ) {
    process = GCReport.Process(covered: covered)
    (self.tracker, self.losses, self.selection) = (tracker, losses, selection)
    pauses = Array(repeating: nil, count: tracker.collections.count)
    stops = pauses
    sumPauses()
    listCollections()
    sumMemory()
    process.generations = groups { $0.generation }
    process.causes = groups { $0.cause }
    process.stalls = DurationSummary(tracker.stalls.durations)
    process.longestStalls = tracker.stalls.longest
    process.collectionsWithoutStart = tracker.collectionsWithoutStart
    process.suspensionsWithoutStart = tracker.suspensionsWithoutStart
    process.open.sort { ($0.start_ns, $0.number) < ($1.start_ns, $1.number) }
  }

  private func selects(_ time: Int64) -> Bool { selection?.contains(time) ?? true }

  private func isLossFree(_ from: Int64, _ to: Int64) -> Bool {
    !losses.anyLoss(process.pid, from, to)
  }

  // MARK: Pauses

  private mutating func sumPauses() {
    var all: [GCReport.Pause] = []
    if tracker.hasSuspensions {
      for (position, suspension) in tracker.suspensions.enumerated() {
        guard let pause = pause(suspension, isLast: position == tracker.suspensions.count - 1)
        else { continue }
        if selects(pause.start_ns) { all.append(pause) }
      }
    } else {
      process.pauseSource = .collections
      for (position, record) in tracker.collections.enumerated() where !record.isBackground {
        guard let duration = record.collect else { continue }
        pauses[position] = duration
        if selects(record.begin) { all.append(GCReport.Pause(record, duration)) }
      }
    }
    process.pauseTimes = PauseTimes(all)
    process.pauses = DurationSummary(all.map(\.duration_ns))
    process.suspensions = DurationSummary(all.compactMap(\.suspend_ns))
    process.longestPauses = Array(
      all.sorted { ($1.duration_ns, $0.start_ns) < ($0.duration_ns, $1.start_ns) }
        .prefix(Self.longestMax))
  }

  /// Returns the suspension as a pause, and adds it to its collections; nil if it is none, or is
  /// open.
  private mutating func pause(_ suspension: Suspension, isLast: Bool) -> GCReport.Pause? {
    guard suspension.isForCollection else { return nil }
    guard let end = suspension.end, let duration = suspension.duration, !suspension.isBroken,
      isLossFree(suspension.begin, end)
    else {
      let isUnfinished = isLast && suspension.end == nil
      addOpen(.suspension, suspension.number, suspension.begin, isUnfinished: isUnfinished)
      return nil
    }
    var owners = Array(suspension.collections)
    if let background = suspension.background { owners.append(background) }
    for owner in owners {
      pauses[owner] = (pauses[owner] ?? 0).addingClamped(duration)
      if let stop = suspension.suspend { stops[owner] = (stops[owner] ?? 0).addingClamped(stop) }
    }
    let first = owners.first.map { tracker.collections[$0] }
    return GCReport.Pause(
      start_ns: suspension.begin, duration_ns: duration, suspend_ns: suspension.suspend,
      collection: first?.start.count, generation: first?.generation, cause: first?.cause)
  }

  private mutating func addOpen(
    _ kind: GCReport.Open.Kind, _ number: UInt32, _ start: Int64, isUnfinished: Bool
  ) {
    guard selects(start) else { return }
    let isLost = !isUnfinished || !isLossFree(start, .max)
    process.open.append(
      GCReport.Open(
        kind: kind, number: number, start_ns: start,
        reason: isLost ? .eventsMissing : process.covered.hasEnded ? .processEnded : .traceEnded))
  }

  // MARK: Collections

  private mutating func listCollections() {
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

  private mutating func sumMemory() {
    process.allocated_bytes = tracker.allocations.total
    let rows = process.collections
    process.promoted_bytes = rows.sum(\.promoted_bytes)
    let before = rows.lazy.compactMap(\.heapBefore_bytes).max()
    process.peakHeap_bytes = [before, tracker.peakHeap].compactMap { $0 }.max()
    process.lastHeap_bytes = rows.last { $0.heapAfter_bytes != nil }?.heapAfter_bytes
  }

  private func groups<Key: Hashable & Comparable & Sendable>(
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

extension GCReport.Pause {
  fileprivate init(_ record: CollectionRecord, _ duration: UInt64) {
    self.init(
      start_ns: record.begin, duration_ns: duration, suspend_ns: nil,
      collection: record.start.count, generation: record.generation, cause: record.cause)
  }
}

extension GCReport.Process {
  /// Whether nothing happened in the selected time.
  var isEmpty: Bool {
    collections.isEmpty && pauses.count == 0 && open.isEmpty && stalls.count == 0
      && collectionsWithoutStart + suspensionsWithoutStart == 0
  }
}
