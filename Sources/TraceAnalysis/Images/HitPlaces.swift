public import TraceEvents
public import TraceFormat
internal import TraceSymbols

/// Places in images, and kernel addresses, hit by a trace's stacks: those for which the trace must
/// carry symbols to be readable on machines without the images.
public struct HitPlaces: Sendable {
  /// Limits of the collection.
  public struct Limits: Sendable {
    /// Maximum number of places in all images together.
    public var placesMax = 1 << 20
    /// Maximum number of completed stack nodes remembered. All are forgotten when the limit is
    /// exceeded.
    public var nodesMax = 2 << 20
    /// Maximum numbers of programs (forks and execs) and of mappings. Events after either limit is
    /// exceeded are ignored.
    public var programsMax = 1 << 16
    public var mappingsMax = 1 << 18
    /// Called periodically; returning true ends the collection.
    public var isOver: @Sendable () -> Bool = { false }

    public init() {}
  }

  /// An image, identified as in a trace's symbols.
  public struct Image: Sendable {
    /// Identity under which the image's symbols are stored. The kernel's path is "[kernel]".
    public var symbols: ImageSymbols
    /// Image from which symbols may be read; nil for the kernel.
    public var identity: ImageIdentity?
    /// File offsets, or addresses for the kernel, in ascending order.
    public var places: [UInt64]
  }

  /// Images, most places first.
  public private(set) var images: [Image] = []
  /// Whether a limit was reached, so that places are missing.
  public private(set) var isCut = false
  /// Whether the trace has more programs or mappings than the limits, so that the places of its
  /// later part are missing.
  public private(set) var isCutByProcesses = false

  /// Reads the stacks of the events that `admits` accepts.
  ///
  /// - Cost: one lookup per event whose stack was seen before, otherwise one per new frame. Memory
  ///   is bounded by `limits`.
  /// - Throws: a ``FormatError`` if the file can no longer be read.
  public init(
    _ file: TraceFile, limits: Limits = Limits(),
    admits: @escaping @Sendable (EventSchema) -> Bool
  ) throws {
    let collector = PlaceCollector(limits: limits)
    var options = SymbolizerOptions()
    options.imageSymbols = [collector]
    options.keepsLines = false
    options.knowsCompiledCode = false
    let symbolizer = Symbolizer(file, options: options)
    let programs = ProgramLimit(limits)
    try file.run(symbolizer, programs)
    symbolizer.finish()
    let stacks = HitStacks(file, symbolizer, limits)
    var filter = ReplayFilter()
    if let end = programs.finish() {
      isCutByProcesses = true
      filter.time = .min...end
    }
    filter.admits = admits
    let replay = Replay(file)
    replay.onAny(where: filter, fields: .none) { event in
      guard event.header.stack != .none else { return }
      try stacks.visit(event.header)
    }
    try replay.run()
    isCut = stacks.isCut || collector.isFull || isCutByProcesses
    images = collector.images
  }
}

/// Ends a run when the number of programs or mappings exceeds its limit.
private final class ProgramLimit: Pass {
  private var programs: Int
  private var mappings: Int
  private var end: Int64?

  init(_ limits: HitPlaces.Limits) {
    (programs, mappings) = (limits.programsMax, limits.mappingsMax)
  }

  func subscribe(to replay: Replay) {
    replay.on(ProcessStart.self) { [self] in try count(&programs, $1) }
    replay.on(ProcessExec.self) { [self] in try count(&programs, $1) }
    replay.on(ImageMap.self) { [self] in try count(&mappings, $1) }
    replay.on(ImageLoad.self) { [self] in try count(&mappings, $1) }
  }

  private func count(_ left: inout Int, _ header: EventHeader) throws {
    left -= 1
    guard left < 0 else { return }
    end = header.timestamp
    throw ReplayStop()
  }

  /// The time at which the run ended; nil if it did not end early.
  func finish() -> Int64? { end }
}

/// Looks up each frame once.
private final class HitStacks {
  /// Number of events between two checks of the limits.
  private static let eventsBetween = 4096

  private(set) var isCut = false
  private let file: TraceFile
  private let symbolizer: Symbolizer
  private let limits: HitPlaces.Limits
  /// Times for which a node and all its outer callers have been looked up, by node, caller flag and
  /// process. Of the nodes that are only callers of others, every fourth has an entry.
  private let done: ProbeTable<UInt8>
  /// Times for which an address has been looked up, by address and process.
  private let asked = ProbeTable<UInt8>(limit: addressesMax)
  private static let addressesMax = 1 << 20
  private var path: [Step] = []
  private var events = 0

  private struct Step: BitwiseCopyable {
    /// Key in ``done``; 0 if the step is not stored there.
    var key: UInt64
    var address: UInt64
    var isCaller: Bool
  }

  init(_ file: TraceFile, _ symbolizer: Symbolizer, _ limits: HitPlaces.Limits) {
    self.file = file
    self.symbolizer = symbolizer
    self.limits = limits
    done = ProbeTable(limit: limits.nodesMax)
  }

  func visit(_ header: EventHeader) throws {
    events += 1
    if events % Self.eventsBetween == 0, limits.isOver() {
      isCut = true
      throw ReplayStop()
    }
    let time = header.timestamp
    // The second part of a table's key must not be 0.
    let process = max(header.pid &+ 1, 1)
    guard done.entry(UInt64(header.stack.rawValue), process, at: time) == nil else { return }
    var span = ClosedRange<Int64>.always
    var inner: UInt64?
    path.removeAll(keepingCapacity: true)
    file.forEachFrame(of: header.stack) { id, address in
      let isCaller = StackAddress.isCaller(address, inner: inner)
      var key: UInt64 = 0
      if inner == nil || id.rawValue & 3 == 0 {
        key = UInt64(id.rawValue) | (isCaller ? 1 << 32 : 0)
        if inner != nil, let known = done.entry(key, process, at: time) {
          span = known.pointee.from...known.pointee.until
          return false
        }
      }
      inner = address
      path.append(Step(key: key, address: address, isCaller: isCaller))
      return true
    }
    // A placeholder address stands for lost callers.
    for step in path.reversed() where step.address != StackNode.lostAddress {
      span = span.common(ask(step, header.pid, at: time))
      if step.key != 0 { done.insert(0, step.key, process, holding: span) }
    }
  }

  /// Looks up a frame unless that was done before; returns the times for which this suffices.
  private func ask(_ step: Step, _ pid: UInt32, at time: Int64) -> ClosedRange<Int64> {
    // Kernel addresses are the same in all processes.
    let owner = StackAddress.isKernel(step.address) ? 0 : pid
    let key = max(owner &<< 1 &+ (step.isCaller ? 2 : 1), 1)
    if let known = asked.entry(step.address, key, at: time) {
      return known.pointee.from...known.pointee.until
    }
    let found = symbolizer.resolveSpan(
      pid: pid, address: step.address, at: time, isCaller: step.isCaller)
    asked.insert(0, step.address, key, holding: found.span)
    return found.span
  }
}

/// A source that returns no names and records the places it is called for.
private final class PlaceCollector: ImageSymbolProvider {
  private struct Places {
    /// Distinct files, by device and inode, with this path and build id.
    var identities: [ImageIdentity]
    var offsets: Set<UInt64> = []
  }

  private struct Key: Hashable {
    var path: String
    var buildID: [UInt8]
  }

  private let limits: HitPlaces.Limits
  private var found: [Key: Places] = [:]
  private var kernel: Set<UInt64> = []
  private var count = 0

  init(limits: HitPlaces.Limits) { self.limits = limits }

  var isFull: Bool { count >= limits.placesMax }

  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    guard !isFull else { return .noSymbol }
    let key = Key(path: image.mappedPath, buildID: image.buildID)
    let isKnown =
      found[key]?.identities.contains { $0.device == image.device && $0.inode == image.inode }
      == true
    if !isKnown { found[key, default: Places(identities: [])].identities.append(image) }
    if found[key]!.offsets.insert(offset).inserted { count += 1 }
    return .noSymbol
  }

  func kernelFunction(at address: UInt64) -> ImageAnswer {
    if !isFull, kernel.insert(address).inserted { count += 1 }
    return .noSymbol
  }

  var images: [HitPlaces.Image] {
    var images = found.compactMap { key, places -> HitPlaces.Image? in
      // Without build ids, names of several images with one path could not be told apart.
      guard !key.buildID.isEmpty || places.identities.count == 1 else { return nil }
      let isVirtual = places.identities[0].path == VirtualSharedObject.path
      return HitPlaces.Image(
        symbols: ImageSymbols(
          kind: isVirtual ? .vdso : .file, path: key.path, buildID: key.buildID, functions: []),
        identity: places.identities[0], places: places.offsets.sorted())
    }
    if !kernel.isEmpty {
      images.append(
        HitPlaces.Image(
          symbols: ImageSymbols(kind: .kernel, path: "[kernel]", functions: []), identity: nil,
          places: kernel.sorted()))
    }
    return images.sorted { ($1.places.count, $0.symbols.path) < ($0.places.count, $1.symbols.path) }
  }
}

extension HitPlaces.Image {
  /// Returns the functions at the image's places, each from the first of `sources` that has the
  /// image; nil if there are none.
  public func named(by sources: [any ImageSymbolProvider]) -> ImageSymbols? {
    var functions: [UInt64: ImageFunction] = [:]
    for place in places {
      for source in sources {
        let answer =
          identity.map { source.function(atFileOffset: place, in: $0) }
          ?? source.kernelFunction(at: place)
        if case .function(let found) = answer {
          functions[found.offset] = ImageFunction(
            offset: found.offset, size: found.size, name: found.name)
        }
        // No other source can know more than one that has the exact image.
        if answer.isFinal { break }
      }
    }
    guard !functions.isEmpty else { return nil }
    var result = symbols
    result.functions = functions.values.sorted { $0.offset < $1.offset }
    return result
  }
}
