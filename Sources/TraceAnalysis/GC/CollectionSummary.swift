internal import TraceEvents

/// Sums up the paired events of one process.
struct CollectionSummary {
  /// Number of pauses listed as the longest.
  static let longestMax = 10

  var process: GCReport.Process

  let tracker: CollectionTracker
  private let losses: LossWindows
  private let selection: ClosedRange<Int64>?
  /// Pauses and suspension times by position of the collection.
  private(set) var pauses: [UInt64?]
  private(set) var stops: [UInt64?]

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

  func selects(_ time: Int64) -> Bool { selection?.contains(time) ?? true }

  func isLossFree(_ from: Int64, _ to: Int64) -> Bool {
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

  mutating func addOpen(
    _ kind: GCReport.Open.Kind, _ number: UInt32, _ start: Int64, isUnfinished: Bool
  ) {
    guard selects(start) else { return }
    let isLost = !isUnfinished || !isLossFree(start, .max)
    process.open.append(
      GCReport.Open(
        kind: kind, number: number, start_ns: start,
        reason: isLost ? .eventsMissing : process.covered.hasEnded ? .processEnded : .traceEnded))
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
