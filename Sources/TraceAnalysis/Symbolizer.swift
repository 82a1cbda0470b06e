internal import TraceEvents
public import TraceFormat
public import TraceSymbols

/// Names for the addresses of a trace: who lived there at that time.
///
///     let symbolizer = Symbolizer(try TraceFile(path: "trace.etl"))
///     try symbolizer.prepare()
///     switch symbolizer.resolve(pid: 4711, address: frame, at: header.timestamp, isCaller: true) {
///     case .symbol(let id, _, _): print(symbolizer.symbol(id).name)
///     case .unresolved(let reason, _): print("?", reason.label)
///     }
///
/// - Guarantee: with the whole trace known, no name is given to an address at a time at which
///   something else is known to have been there, nor from an image of another build.
/// - Cost: ``prepare()`` reads the events that tell of code, processes and images, once; then a
///   look-up is O(log n), and a repeated one a probe of a table.
/// - Trap: not for use from several threads at once: each needs ``another()`` of its own.
public final class Symbolizer: Pass {
  public let file: TraceFile
  /// Who had which pid.
  public let processes: Processes
  public let options: SymbolizerOptions
  private let feed: CodeFeed
  private let naming: Naming
  private var cache = ResolutionCache()
  /// The generation asked for last: most questions are of the same.
  private var last: Generation?

  /// - Parameter processes: of this file, where another pass has them, too; subscribed with this.
  public init(
    _ file: TraceFile, processes: Processes? = nil, options: SymbolizerOptions = .init()
  ) {
    self.file = file
    self.options = options
    let processes = processes ?? Processes(file)
    self.processes = processes
    feed = CodeFeed(file, processes, options: options)
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

  /// One that knows the same, for another thread. After ``prepare()`` or ``finish()``; none of them
  /// learns any more.
  ///
  /// - Cost: the answers that it keeps, up to 13 MB; names and code are shared.
  public func another() -> Symbolizer { Symbolizer(sharing: self) }

  /// Learns everything that the trace tells of code, in a run of its own. Once, before the first
  /// look-up; to share a run with other passes, ``subscribe(to:)`` and ``finish()``.
  ///
  /// - Throws: what reading the file throws.
  public func prepare() throws {
    try file.run(self)
    finish()
  }

  /// Asks for the events that tell of code, processes and images.
  public func subscribe(to replay: Replay) { feed.subscribe(to: replay) }

  /// Ends learning; look-ups from now on.
  @discardableResult
  public func finish() -> Symbolizer {
    processes.finish()
    feed.map.seal()
    return self
  }

  // MARK: Looking up

  /// What had the address at that time (nanoseconds since the trace's start) in the process.
  ///
  /// - Parameter isCaller: the address is a return address: of every frame but the innermost of its
  ///   kind. It is looked up one byte before, because a call may be a function's last instruction.
  public func resolve(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> Resolution {
    naming.resolution(
      entry(pid, isCaller ? address &- 1 : address, at: timestamp), isCaller: isCaller)
  }

  /// The same, with the times for which the answer is the same for that process and address, the
  /// first and the last nanosecond included: for who keeps answers by stack node.
  public func resolveSpan(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> (resolution: Resolution, span: ClosedRange<Int64>) {
    let entry = entry(pid, isCaller ? address &- 1 : address, at: timestamp)
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
    // Of an unknown process nothing is kept: its number is the kernel's.
    if generation != nil || StackAddress.isKernel(address) { cache.insert(entry) }
    return entry
  }

  /// A number that no process's generation has.
  private static let kernelGeneration = UInt32.max - 1

  private func generation(_ pid: UInt32, at time: Int64) -> Generation? {
    if let last, last.pid == pid, last.covers(time) { return last }
    last = feed.map.lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
    return last
  }

  /// A symbol that a look-up gave.
  public func symbol(_ id: SymbolID) -> CodeSymbol { naming.symbol(id) }

  /// The same, made anew: for who keeps it.
  func makeSymbol(_ id: SymbolID) -> CodeSymbol { naming.makeSymbol(id) }

  /// A module that a look-up or a symbol named.
  public func module(_ id: ModuleID) -> CodeModule { naming.module(id) }

  /// How many symbols are known so far, also such as no look-up gave: ids are below.
  public var symbolCount: Int { feed.map.names.count }

  /// How many modules were met so far: ids are below.
  public var moduleCount: Int { feed.modules.modules.count }

  /// What a module is an image of; nil for the kernel and code compiled at run time.
  func image(_ id: ModuleID) -> ImageIdentity? { feed.modules.images[Int(id.rawValue)] }

  /// How many functions each source announced, or gave names for.
  var announcedCounts: [SymbolSource: UInt64] { feed.map.names.countsBySource }

  /// Bytes that the code map takes.
  public var memoryBytes: Int { feed.map.memoryBytes }

  /// The source line of an address, where a runtime or an image's debug information tells, and the
  /// calls that a compiler has inlined there.
  ///
  /// - Cost: of an image's first address, reading its debug information: some milliseconds for 10
  ///   MB. No answers are kept for long: keep them.
  public func sourceFrames(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> SourceFrames? {
    guard !StackAddress.isKernel(address), let generation = generation(pid, at: timestamp) else {
      return nil
    }
    return naming.sourceFrames(generation, isCaller ? address &- 1 : address, at: timestamp)
  }

  /// The line of the innermost of ``sourceFrames(pid:address:at:isCaller:)``.
  public func sourceLine(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> SourceLine? {
    sourceFrames(pid: pid, address: address, at: timestamp, isCaller: isCaller)?.innermost
  }

  /// Where an address lies in the file of an image that was mapped there then: for who writes
  /// images' symbols into a trace.
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
