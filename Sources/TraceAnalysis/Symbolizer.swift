internal import TraceEvents
public import TraceFormat
public import TraceSymbols

/// Resolves the addresses of a trace to the names of the code that was there at the time.
///
///     let symbolizer = Symbolizer(try TraceFile(path: "trace.etl"))
///     try symbolizer.prepare()
///     switch symbolizer.resolve(pid: 4711, address: frame, at: header.timestamp, isCaller: true) {
///     case .symbol(let id, _, _): print(symbolizer.symbol(id).name)
///     case .unresolved(let reason, _): print("?", reason.label)
///     }
///
/// - Guarantee: once the whole trace is known, an address is never given a name for a time at which
///   something else is known to have been there, nor a name from an image of another build.
/// - Cost: ``prepare()`` reads the events about code, processes and images once. A lookup is then
///   O(log n), and a repeated one is a probe of a table.
/// - Trap: not thread-safe. Each thread needs its own ``another()``.
public final class Symbolizer: Pass {
  public let file: TraceFile
  /// History of process ids.
  public let processes: Processes
  public let options: SymbolizerOptions
  private let feed: CodeFeed
  private let naming: Naming
  @exclusivity(unchecked) private var cache = ResolutionCache()
  /// Generation of the last query; consecutive queries mostly share it.
  ///
  /// One thread uses a symbolizer, so access needs no run-time check.
  @exclusivity(unchecked) private var last: Generation?

  /// - Parameter processes: the processes of this file, if another pass uses them too. They are
  ///   subscribed together with this pass.
  public convenience init(
    _ file: TraceFile, processes: Processes? = nil, options: SymbolizerOptions = .init()
  ) {
    self.init(file, processes: processes, options: options, isLive: false)
  }

  /// Creates a symbolizer for a pass, and subscribes it. If the file is still being written,
  /// look-ups and further events alternate; ``finish()`` comes before each series of look-ups.
  convenience init(for replay: Replay, options: SymbolizerOptions) {
    self.init(replay.file, processes: nil, options: options, isLive: replay.isGrowing)
    subscribe(to: replay)
  }

  private init(
    _ file: TraceFile, processes: Processes?, options: SymbolizerOptions, isLive: Bool
  ) {
    self.file = file
    self.options = options
    let processes = processes ?? Processes(file)
    self.processes = processes
    feed = CodeFeed(file, processes, options: options, isLive: isLive)
    let sources =
      options.imageSymbols
      ?? [MachineImages(file, searchRoots: options.searchRoots, servers: options.servers)]
    let recorded = options.asksTrace ? [RecordedSymbols(file)] : []
    naming = Naming(feed, sources: recorded + sources, options: options)
  }

  private init(sharing other: Symbolizer) {
    (file, processes, options) = (other.file, other.processes, other.options)
    (feed, naming) = (other.feed, other.naming)
  }

  deinit { cache.deallocate() }

  /// Returns a symbolizer with the same knowledge for use on another thread. Call after
  /// ``prepare()`` or ``finish()``; none of them learns anything afterwards.
  ///
  /// - Cost: its own cache of answers, up to 13 MB. Names and code are shared.
  public func another() -> Symbolizer { Symbolizer(sharing: self) }

  /// Reads all events about code in a run of its own. Call once, before the first lookup. To share
  /// a run with other passes, use ``subscribe(to:)`` and ``finish()`` instead.
  ///
  /// - Throws: errors from reading the file.
  public func prepare() throws {
    try file.run(self)
    finish()
  }

  /// Subscribes to the events about code, processes and images.
  public func subscribe(to replay: Replay) {
    processes.subscribe(to: replay)
    feed.subscribe(to: replay)
  }

  /// Ends the collection of events; lookups may follow.
  @discardableResult
  public func finish() -> Symbolizer {
    processes.finish()
    guard feed.map.isLive else {
      feed.map.seal()
      return self
    }
    // Earlier answers may be out of date.
    cache.deallocate()
    cache = ResolutionCache()
    last = nil
    return self
  }

  // MARK: Lookups

  /// Returns what was at the address in the process at that time (nanoseconds since the trace's
  /// start).
  ///
  /// - Parameter isCaller: whether the address is a return address, as in every frame but the
  ///   innermost of its kind. A return address is looked up one byte earlier, because a call may be
  ///   a function's last instruction.
  public func resolve(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> Resolution {
    naming.resolution(
      entry(pid, isCaller ? address &- 1 : address, at: timestamp), isCaller: isCaller)
  }

  /// Like ``resolve(pid:address:at:isCaller:)``, and also returns the times for which the answer
  /// holds for that process and address, first and last nanosecond inclusive.
  ///
  /// - Cost: each call is a new lookup. Intended for callers that cache answers themselves, by
  ///   address or by stack node.
  public func resolveSpan(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> (resolution: Resolution, span: ClosedRange<Int64>) {
    let place = isCaller ? address &- 1 : address
    let generation = StackAddress.isKernel(place) ? nil : generation(pid, at: timestamp)
    let entry = naming.answer(generation, pid: pid, place, at: timestamp)
    let last = max(timestamp, entry.until == .max ? .max : entry.until &- 1)
    return (naming.resolution(entry, isCaller: isCaller), min(timestamp, entry.from)...last)
  }

  private func entry(
    _ pid: UInt32, _ address: UInt64, at time: Int64
  ) -> ResolutionCache.Entry {
    let generation = StackAddress.isKernel(address) ? nil : generation(pid, at: time)
    let number = generation?.number ?? Self.kernelGeneration
    if let known = cache.entry(address, number, at: time) { return known.pointee }
    var entry = naming.answer(generation, pid: pid, address, at: time)
    entry.generation = number
    // Answers for unknown processes are not cached: their generation number is the kernel's.
    if generation != nil || StackAddress.isKernel(address) { cache.insert(entry) }
    return entry
  }

  /// A number that no process generation uses.
  private static let kernelGeneration = UInt32.max - 1

  private func generation(_ pid: UInt32, at time: Int64) -> Generation? {
    if let last, last.pid == pid, last.covers(time) { return last }
    last = feed.map.lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
    return last
  }

  /// Returns a symbol by an id that a lookup returned.
  public func symbol(_ id: SymbolID) -> CodeSymbol { naming.symbol(id) }

  /// Returns the parts of a symbol that call trees show, built anew, for callers that keep them.
  func shownSymbol(_ id: SymbolID) -> ShownSymbol { naming.shownSymbol(id) }

  /// Returns a module by an id from a lookup or a symbol.
  public func module(_ id: ModuleID) -> CodeModule { naming.module(id) }

  /// Number of symbols known so far, including those that no lookup returned. Ids are less than
  /// this.
  public var symbolCount: Int { feed.map.names.count }

  /// Number of modules met so far. Ids are less than this.
  public var moduleCount: Int { feed.modules.modules.count }

  /// Returns the image of a module; nil for the kernel and for code compiled at run time.
  func image(_ id: ModuleID) -> ImageIdentity? { feed.modules.images[Int(id.rawValue)] }

  /// Number of functions that each source announced or named.
  var announcedCounts: [SymbolSource: UInt64] { feed.map.names.countsBySource }

  /// Memory used by the code map, in bytes.
  public var memoryBytes: Int { feed.map.memoryBytes }

  /// Returns the source line of an address, if a runtime or an image's debug information has it,
  /// and the calls inlined there.
  ///
  /// - Cost: the first address of an image reads its debug information: some milliseconds for 10
  ///   MB. Answers are not cached for long; callers should keep them.
  public func sourceFrames(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> SourceFrames? {
    guard !StackAddress.isKernel(address), let generation = generation(pid, at: timestamp) else {
      return nil
    }
    return naming.sourceFrames(generation, isCaller ? address &- 1 : address, at: timestamp)
  }

  /// Returns the innermost line of ``sourceFrames(pid:address:at:isCaller:)``.
  public func sourceLine(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> SourceLine? {
    sourceFrames(pid: pid, address: address, at: timestamp, isCaller: isCaller)?.innermost
  }

  /// Returns the place of an address in the file of the image mapped there at that time. Used to
  /// write images' symbols into a trace.
  public func imagePlace(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> ImagePlace? {
    guard !StackAddress.isKernel(address), let generation = generation(pid, at: timestamp) else {
      return nil
    }
    return naming.imagePlace(generation, isCaller ? address &- 1 : address, at: timestamp)
  }
}

/// A place in an image's file.
public struct ImagePlace: Hashable, Sendable {
  public var image: ImageIdentity
  public var fileOffset: UInt64
}
