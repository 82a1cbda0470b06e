public import TraceEvents
public import TraceFormat
internal import TraceSymbols

/// The places in images, and the kernel's addresses, that a trace's stacks hit: what a trace must
/// have symbols of to be read where the images are not.
public struct HitPlaces: Sendable {
  /// Bounds of what is collected.
  public struct Limits: Sendable {
    /// Places of all images together.
    public var placesMax = 1 << 20
    /// Stack nodes that are remembered as done; all are forgotten when there are more.
    public var nodesMax = 2 << 20
    /// Asked now and then; true ends it.
    public var isOver: @Sendable () -> Bool = { false }

    public init() {}
  }

  /// One image as a trace's symbols tell images apart.
  public struct Image: Sendable {
    /// What its symbols are filed under; the kernel's path is "[kernel]".
    public var symbols: ImageSymbols
    /// Where it may be read; nil for the kernel.
    public var identity: ImageIdentity?
    /// File offsets, of the kernel addresses. In order.
    public var places: [UInt64]
  }

  /// Those with the most places first.
  public private(set) var images: [Image] = []
  /// Whether limits were met, so that there are more.
  public private(set) var isCut = false

  /// Reads the stacks of the events that `admits` wants.
  ///
  /// - Cost: a look-up an event whose stack came before, else one a frame that is new; memory is
  ///   bounded by `limits`, beside what is known of processes and images.
  /// - Throws: a ``FormatError`` when the file cannot be read any more.
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
    try symbolizer.prepare()
    let stacks = HitStacks(file, symbolizer, limits)
    var filter = ReplayFilter()
    filter.admits = admits
    let replay = Replay(file)
    replay.onAny(where: filter, fields: .none) { event in
      guard event.header.stack != .none else { return }
      try stacks.visit(event.header)
    }
    try replay.run()
    isCut = stacks.isCut || collector.isFull
    images = collector.images
  }
}

/// Asks for each frame once.
private final class HitStacks {
  /// Events between two looks at the limit.
  private static let eventsBetween = 4096

  private(set) var isCut = false
  private let file: TraceFile
  private let symbolizer: Symbolizer
  private let limits: HitPlaces.Limits
  /// By node, whether it is a caller, and process: when everything from it outwards was asked for.
  /// Of the nodes that only lead to others, every fourth.
  private let done: ProbeTable<UInt8>
  /// By address and process: when it was asked for.
  private let asked = ProbeTable<UInt8>(limit: addressesMax)
  private static let addressesMax = 1 << 20
  private var path: [Step] = []
  private var events = 0

  private struct Step: BitwiseCopyable {
    /// In ``done``; 0 where it is not kept there.
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
    // A table's second key is not 0.
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
    // In place of lost callers stands an address of nobody.
    for step in path.reversed() where step.address != StackNode.lostAddress {
      span = span.common(ask(step, header.pid, at: time))
      if step.key != 0 { done.insert(0, step.key, process, holding: span) }
    }
  }

  /// Asks for a frame, once; gives the times for which that is enough.
  private func ask(_ step: Step, _ pid: UInt32, at time: Int64) -> ClosedRange<Int64> {
    // The kernel's addresses are the same in all processes.
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

/// Gives no name, and remembers what it was asked for.
private final class PlaceCollector: ImageSymbolProvider {
  private struct Places {
    /// Who maps it, of those with one path and build id.
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
      // Without a build id their names could not be told apart.
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
  /// The functions at its places, each from the first of `sources` that has the image; nil when
  /// there are none.
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
        // A source that has the very image knows as much of it as any other.
        if answer.isFinal { break }
      }
    }
    guard !functions.isEmpty else { return nil }
    var result = symbols
    result.functions = functions.values.sorted { $0.offset < $1.offset }
    return result
  }
}
