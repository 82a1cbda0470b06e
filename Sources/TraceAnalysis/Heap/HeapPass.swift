internal import TraceEvents
public import TraceFormat

/// Makes a ``HeapReport``.
///
/// - Cost: reads only the blocks with events of the provider Heap and of processes, and if the
///   trace has stacks, those about code. Memory grows with the number of live samples, types and
///   stacks, which is limited.
public final class HeapPass: ReportPass {
  /// Number of places reported for a process if there is no limit.
  private static let placesDefault = 100

  private let processes: ProcessStates<HeapTracker>
  private let symbols: SymbolizerOptions?
  private let listLimit: Int?
  private let ranksGrowth: Bool

  /// - Parameters:
  ///   - selection: its time is the report's; what was allocated before counts as in use.
  ///   - symbols: where the names of stacks' frames are looked for; nil to leave out stacks.
  ///   - listLimit: the report's ``ProcessReport/listLimit``; also the number of places that the
  ///     report has for each process, 100 by default.
  ///   - ranksGrowth: ranks places by growth and how likely it is a leak.
  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions? = SymbolizerOptions(), listLimit: Int? = nil,
    ranksGrowth: Bool = false
  ) {
    let time = selection.time
    processes = ProcessStates(selection) { HeapTracker(time) }
    self.symbols = symbols
    self.listLimit = listLimit
    self.ranksGrowth = ranksGrowth
  }

  /// Subscribes to the events about the heap, processes and code.
  public func subscribe(to replay: Replay) {
    processes.subscribe(to: replay, symbols: symbols)
    processes.follow(HeapSampling.self, withRundown: true) { state, event, _ in state.add(event) }
    processes.follow(HeapAlloc.self, withRundown: true) { $0.add($1, $2) }
    processes.follow(HeapFree.self, withRundown: true) { $0.add($1, $2) }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no heap events.
  public func finish() throws(NothingToReport) -> HeapReport {
    var stacks = processes.stacks()
    let rows = processes.rows { tracker, process, covered -> HeapReport.Process? in
      guard !tracker.places.isEmpty else { return nil }
      return HeapReport.Process(
        tracker, process, covered, limit: listLimit ?? Self.placesDefault, ranksGrowth, &stacks)
    }
    guard !rows.isEmpty else {
      throw processes.nothing("heap events", keyword: "Heap", HeapAlloc.schema)
    }
    let isCut = processes.contains(where: \.isCut)
    return HeapReport(
      heading: processes.heading(
        listLimit: listLimit, limited: isCut ? "live samples and places" : nil),
      processes: rows, ranksGrowth: ranksGrowth)
  }
}

extension HeapReport.Process {
  private struct Key: Hashable {
    var frames: [StackFrame]
    var type: String
  }

  init(
    _ tracker: HeapTracker, _ process: ResolvedProcess, _ covered: CoveredProcess, limit: Int,
    _ ranksGrowth: Bool, _ stacks: inout NamedStacks?
  ) {
    self.init(covered: covered)
    interval_bytes = tracker.sampling.interval
    dropped = tracker.sampling.dropped
    unreported = tracker.sampling.unreported
    // Places whose frames have the same names are one.
    var merged: [Key: HeapTracker.Place] = [:]
    var byType: [String: HeapReport.Usage] = [:]
    for place in tracker.finished(at: covered.to_ns) {
      totals += place.usage
      byType[place.key.type, default: HeapReport.Usage()] += place.usage
      let frames = stacks?.stackFrames(place.key.stack, of: process, at: place.time) ?? []
      let key = Key(frames: frames, type: place.key.type)
      if merged[key]?.merge(place) == nil { merged[key] = place }
    }
    types = byType.map { HeapReport.TypeRow(type: $0.key, usage: $0.value) }
      .sorted { ($1.usage.inUse.bytes, $0.type) < ($0.usage.inUse.bytes, $1.type) }
    placeCount = merged.count
    let rows = merged.map { HeapReport.Place($1, frames: $0.frames, until: covered.to_ns) }
    places = Array(rows.sorted { $0.precedes($1, ranksGrowth) }.prefix(limit))
  }
}

extension HeapTracker.Place {
  mutating func merge(_ other: Self) {
    usage += other.usage
    series.merge(other.series)
    lifetimes_ns += other.lifetimes_ns
    lifetimeCount += other.lifetimeCount
    oldest = min(oldest, other.oldest)
  }
}

extension HeapReport.Place {
  /// The number of samples with which a likelihood is halved.
  private static let fewSamples = 2.0

  init(_ place: HeapTracker.Place, frames: [StackFrame], until end: Int64) {
    self.init(type: place.key.type, frames: frames, usage: place.usage)
    if place.oldest < end { oldest_ns = UInt64(clamping: end.subtractingClamped(place.oldest)) }
    if place.lifetimeCount > 0 {
      meanLifetime_ns =
        UInt64(
          exactly: (place.lifetimes_ns / Double(place.lifetimeCount)).rounded()) ?? .max
    }
    guard usage.growth_bytes > 0 else { return }
    steadiness = place.series.steadiness
    let samples = Double(usage.inUse.samples)
    likelihood =
      steadiness * (1 - usage.freedShare) * samples / (samples + Self.fewSamples)
  }

  /// The order of a report's places; places of equal rank are ordered by their names.
  func precedes(_ other: Self, _ ranksGrowth: Bool) -> Bool {
    let (one, two) =
      ranksGrowth
      ? (usage.growth_bytes * likelihood, other.usage.growth_bytes * other.likelihood)
      : (usage.inUse.bytes, other.usage.inUse.bytes)
    if one != two { return one > two }
    let (mine, its) = (usage.allocated.bytes, other.usage.allocated.bytes)
    if mine != its { return mine > its }
    if type != other.type { return type < other.type }
    return frames.map(\.name).lexicographicallyPrecedes(other.frames.map(\.name))
  }
}
