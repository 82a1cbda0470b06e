internal import TraceEvents
public import TraceFormat

/// Makes a ``RunProfile``.
///
/// - Cost: one run over the file for all reports, and a second one over its CPU samples, if there
///   are any; see the reports' passes. Memory grows with the number of distinct stacks.
public final class RunProfilePass: ReportPass {
  /// Share of the CPU time from which a program is named, from 0 to 1.
  private static let programShare = 0.05

  private let selection: ReportSelection
  private let divisor: RunDivisor
  private let symbols: SymbolizerOptions
  private let shown: StackOptions
  private var profile: ProfileDescription?
  private var symbolizer: Symbolizer?
  private let sampling = SamplingPass()
  private let measuring: RunMeasuring
  private var replay: Replay?
  private var divisorEvents: UInt64 = 0
  /// Number of traces that are read at the same time.
  var sharers = 1
  /// Number of cores for this one; nil for all.
  var cores: Int?

  /// - Parameter shown: the events whose stacks are compared, and how they are weighted.
  public init(
    _ selection: ReportSelection = ReportSelection(), per divisor: RunDivisor = .second,
    symbols: SymbolizerOptions = SymbolizerOptions(), shown: StackOptions = StackOptions()
  ) {
    (self.selection, self.divisor, self.symbols) = (selection, divisor, symbols)
    self.shown = shown
    measuring = RunMeasuring(selection, symbols: symbols)
  }

  /// Subscribes the passes of all reports.
  public func subscribe(to replay: Replay) throws {
    self.replay = replay
    profile = try ProfileDescription(of: replay.file)
    if let cores { replay.decodingThreads = min(cores - 1, replay.decodingThreads ?? .max) }
    sampling.subscribe(to: replay)
    try measuring.subscribe(to: replay)
    if hasSamples(replay) {
      let symbolizer = Symbolizer(replay.file, options: symbols)
      symbolizer.subscribe(to: replay)
      self.symbolizer = symbolizer
    }
    guard case .event(let name) = divisor else { return }
    var filter = ReplayFilter()
    filter.time = selection.time
    filter.pids = selection.pids
    filter.admits = { "\($0.provider)/\($0.name)" == name }
    replay.onAny(where: filter, fields: .none) { [self] _ in divisorEvents &+= 1 }
  }

  private func hasSamples(_ replay: Replay) -> Bool {
    replay.file.eventTypes.contains { type in
      type.count > 0 && shown.selection.filter.admits?(type.schema) ?? true
    }
  }

  /// Returns the profile; without events that are shown it has no functions.
  ///
  /// - Throws: a ``FormatError`` if the file can no longer be read.
  public func finish() throws -> RunProfile {
    guard let replay else { preconditionFailure("finish() comes after subscribe(to:)") }
    let file = replay.file
    var profile = RunProfile(
      lost: LostEvents(file.lossTotals), partial: PartialReason.reasons(replay), trace: file.path,
      events: file.eventCount, span_ns: span(of: file), cpus: file.session.machine.cpuCount,
      sampling: sampling.started,
      quantity: ComparedQuantity(shown, isProfile: self.profile != nil))
    if let symbolizer { add(try samples(of: file, symbolizer), to: &profile) }
    if profile.programs.isEmpty {
      let names = file.processes.map { $0.executable.split(separator: "/").last.map(String.init) }
      profile.programs = Set(names.compactMap { $0 }).sorted()
    }
    try measuring.finish(into: &profile)
    profile.divisor = amount(of: divisor, in: profile)
    return profile
  }

  private func span(of file: TraceFile) -> UInt64 {
    if let profile { return UInt64(max(0, profile.duration)) }
    guard let time = selection.time else { return file.durationNanoseconds }
    let end = Int64(clamping: file.durationNanoseconds)
    let (from, to) = (max(time.lowerBound, 0), min(time.upperBound, end))
    return UInt64(clamping: to.subtractingClamped(from))
  }

  private func amount(of divisor: RunDivisor, in profile: RunProfile) -> Double? {
    let amount =
      switch divisor {
      case .run: 1.0
      case .second: Double(profile.span_ns) / 1e9
      case .cpu: Double(profile.total.weight) / 1e9
      case .event: Double(divisorEvents)
      case .request: Double(measuring.requests)
      }
    return amount > 0 ? amount : nil
  }

  /// Combines the stacks of all events that are shown.
  private func samples(
    of file: TraceFile, _ symbolizer: Symbolizer
  ) throws -> StackCollection {
    var samples = shown.selection
    samples.filter.time = selection.time
    samples.filter.pids = selection.pids
    samples.foldsRecursion = true
    let processes = selection.processes
    if !processes.isEmpty { samples.admits = processes.admits }
    return try StackCollection(
      file, samples, SymbolizerFrames(symbolizer.finish()), sharers: sharers, cores: cores)
  }

  private func functions(_ calls: CallTree, _ frames: FrameTable) -> [CallTree.NameEntry] {
    var places = [Int](repeating: -1, count: frames.count)
    let entries = calls.byName(frameCount: frames.count)
    for (place, entry) in entries.enumerated() { places[Int(entry.frame.rawValue)] = place }
    return calls.framesByFirstVisit(frameCount: frames.count).compactMap { frame in
      let place = places[Int(frame.rawValue)]
      return place < 0 || frames[frame].kind == .process ? nil : entries[place]
    }
  }

  private func add(_ stacks: StackCollection, to profile: inout RunProfile) {
    let numbers = stacks.frames.frames.map { profile.frames.id(of: $0.inAnyRun) }
    profile.tree = stacks.tree.renamed { numbers[Int($0.rawValue)] }
    let calls = CallTree(profile.tree)
    profile.functions = functions(calls, profile.frames)
    profile.total = calls.total
    profile.interval_ns = stacks.totals.usualWeight
    if stacks.tree.isCut { profile.partial.append(.limited(what: "different stacks")) }
    let unit = shown.unit
    let least = Double(unit.amount(of: stacks.totals.metric)) * Self.programShare
    profile.programs = Set(
      stacks.totals.processes.filter { Double(unit.amount(of: $0.metric)) >= least }
        .map(\.process.name)
    ).sorted()
  }
}

extension StackTree {
  /// Returns the tree with other frames. Nodes whose callers and frames become equal are merged,
  /// and so are recursive calls.
  fileprivate func renamed(_ frame: (FrameID) -> FrameID) -> StackTree {
    var result = StackTree(likeNodesOf: self)
    var nodes = [UInt32](repeating: 0, count: count)
    for node in 1..<max(count, 1) {
      let caller = Int(nodes[Int(parents[node])])
      let own = frame(frames[node])
      let isRecursion = caller != Self.root && result.frames[caller] == own
      let target = isRecursion ? caller : result.child(of: caller, own)
      nodes[node] = UInt32(target)
      result.add(exclusive[node], at: target)
    }
    return result
  }
}
