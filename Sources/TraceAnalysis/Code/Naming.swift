internal import Locks
internal import TraceEvents
internal import TraceFormat
internal import TraceSymbols

/// Converts the findings of a ``CodeMap`` to names, queries the sources of images' functions, and
/// caches the symbols that it returns.
///
/// - Guarantee: several threads may query concurrently once the map is complete. Compiled code is
///   looked up without a lock; names added by images' sources are under one.
final class Naming {
  let feed: CodeFeed
  let map: CodeMap
  /// Protects the modules, the names and the cached symbols.
  private let lock = Lock(())
  /// Serializes access to sources that are not thread-safe.
  private let sourceLock = Lock(())
  private let sources: [any ImageSymbolProvider]
  private let options: SymbolizerOptions
  private var shown: [UInt32: CodeSymbol] = [:]
  /// Names from images' sources, cached for a trace still being recorded, where places are looked
  /// up repeatedly.
  private var images: [ImageAddress: ResolutionCache.Entry] = [:]
  private let keepsImages: Bool
  /// Maximum number of entries; the cache is emptied when it is full.
  private static let imagesMax = 1 << 16

  /// A place in an image. Kernel addresses have no module.
  private struct ImageAddress: Hashable {
    var module: UInt32
    var place: UInt64
  }

  /// - Parameter map: map used for lookups, if it is not the feed's own.
  init(
    _ feed: CodeFeed, _ map: CodeMap? = nil, sources: [any ImageSymbolProvider],
    options: SymbolizerOptions
  ) {
    self.feed = feed
    self.map = map ?? feed.map
    self.sources = sources
    self.options = options
    // A complete trace has a resolution cache, which makes this one superfluous.
    keepsImages = self.map.isLive
  }

  /// Returns the answer for `address`, which is the frame's address or, for a caller, one less.
  func answer(
    _ generation: Generation?, pid: UInt32, _ address: UInt64, at time: Int64
  ) -> ResolutionCache.Entry {
    var entry = ResolutionCache.Entry.empty
    entry.address = address
    entry.generation = generation?.number ?? CodeRow.none
    entry.module = CodeRow.none
    if StackAddress.isKernel(address) {
      (entry.from, entry.until) = (.min, .max)
      return kept(CodeRow.none, address, entry) {
        let answer = kernelAnswer(address)
        return lock.withLock { [entry] _ in
          name(answer, place: address, in: kernelModule, .kernel, entry)
        }
      }
    }
    guard let generation else {
      unknownProcess(pid, at: time, &entry)
      return entry
    }
    let finding = map.find(generation, address, at: time)
    (entry.from, entry.until) = (finding.from, finding.until)
    switch finding.kind {
    case .code(let row, let isLate):
      entry.isNamed = true
      entry.certainty = finding.isUncertain ? .uncertain : isLate ? .late : .certain
      entry.value = map.rows[Int(row)].symbol
      entry.offset = address &- map.rows[Int(row)].start
    case .image(let number, let isLate):
      let row = map.rows[Int(number)]
      entry.certainty = isLate ? .late : .certain
      let place = row.identity &+ (address &- row.start)
      return kept(row.symbol, place, entry) {
        let image = lock.withLock { _ in feed.modules.images[Int(row.symbol)] }
        let answer = image.map { imageAnswer(place, $0) } ?? .imageNotFound
        return lock.withLock { [entry] _ in
          name(answer, place: place, in: row.symbol, .image, entry)
        }
      }
    case .nothing(let reason, let mapping):
      if mapping != CodeRow.none { entry.module = map.rows[Int(mapping)].symbol }
      entry.value = UInt32(self.reason(reason, pid, at: time, &entry).rawValue)
    }
    return entry
  }

  /// Completes the answer for a process of which nothing is known at that time. If it is unknown at
  /// every time, the answer holds for as long as losses do not change it.
  private func unknownProcess(
    _ pid: UInt32, at time: Int64, _ entry: inout ResolutionCache.Entry
  ) {
    (entry.from, entry.until) = (time, time &+ 1)
    // In a trace still being recorded, the process may be announced later.
    if !map.isLive, map.lives.known(pid) == nil { (entry.from, entry.until) = (.min, .max) }
    let reason = reason(.neverAnnounced, pid, at: time, &entry)
    entry.value = UInt32(reason.rawValue)
    guard let hiding = feed.losses.hidesProcesses(from: options.slackNanoseconds) else { return }
    if hiding <= time {
      entry.value = UInt32(UnresolvedReason.eventsLost.rawValue)
      entry.from = max(entry.from, hiding)
    } else {
      entry.until = min(entry.until, hiding)
    }
  }

  /// Returns `entry` with the name of a place in an image: the cached one, or the result of `ask`.
  private func kept(
    _ module: UInt32, _ place: UInt64, _ entry: ResolutionCache.Entry,
    _ ask: () -> ResolutionCache.Entry
  ) -> ResolutionCache.Entry {
    guard keepsImages else { return ask() }
    let key = ImageAddress(module: module, place: place)
    guard let known = images[key] else {
      let answer = ask()
      // A source may find the image later.
      guard answer.isNamed else { return answer }
      if images.count >= Self.imagesMax { images = [:] }
      images[key] = answer
      return answer
    }
    var answer = entry
    (answer.isNamed, answer.module) = (known.isNamed, known.module)
    (answer.value, answer.offset) = (known.value, known.offset)
    return answer
  }

  private var kernelModule: UInt32 { feed.modules.number(of: .kernel) }

  // MARK: Images

  private func kernelAnswer(_ address: UInt64) -> ImageAnswer {
    var best = ImageAnswer.hidden
    for source in sources {
      switch ask(source, { $0.kernelFunction(at: address) }) {
      case .function(let function): return .function(function)
      case .noSymbol: best = .noSymbol
      default: break
      }
    }
    return best
  }

  private func ask<Answer: Sendable>(
    _ source: any ImageSymbolProvider, _ question: (any ImageSymbolProvider) -> Answer
  ) -> Answer {
    if source.isShareable { return question(source) }
    return sourceLock.withLock { _ in question(source) }
  }

  /// Returns the answer of the first source that has a name; otherwise the most specific answer.
  private func imageAnswer(_ place: UInt64, _ image: ImageIdentity) -> ImageAnswer {
    var best = ImageAnswer.imageNotFound
    for source in sources {
      switch (ask(source, { $0.function(atFileOffset: place, in: image) }), best) {
      case (.function(let function), _): return .function(function)
      case (.noSymbol, _): best = .noSymbol
      case (.buildIDDiffers, .imageNotFound): best = .buildIDDiffers
      default: break
      }
    }
    return best
  }

  private func name(
    _ answer: ImageAnswer, place: UInt64, in module: UInt32, _ source: SymbolSource,
    _ unnamed: ResolutionCache.Entry
  ) -> ResolutionCache.Entry {
    var entry = unnamed
    entry.module = module
    switch answer {
    case .function(let function):
      entry.isNamed = true
      entry.value = map.names.intern(function.name, module: module, source: source)
      entry.offset = place &- function.offset
    case .noSymbol: entry.value = UInt32(UnresolvedReason.noSymbol.rawValue)
    case .imageNotFound: entry.value = UInt32(UnresolvedReason.imageNotFound.rawValue)
    case .buildIDDiffers: entry.value = UInt32(UnresolvedReason.buildIDDiffers.rawValue)
    case .hidden: entry.value = UInt32(UnresolvedReason.kernelHidden.rawValue)
    }
    return entry
  }

  /// Returns ``UnresolvedReason/eventsLost`` if a loss may explain the missing announcement;
  /// otherwise `reason`.
  private func reason(
    _ reason: UnresolvedReason, _ pid: UInt32, at time: Int64,
    _ entry: inout ResolutionCache.Entry
  ) -> UnresolvedReason {
    guard reason != .announcedTooLate, !feed.losses.isEmpty else { return reason }
    let (reach, slack) = (options.lossReachNanoseconds, options.slackNanoseconds)
    entry.from = time
    entry.until = feed.losses.constancy(
      pid, at: time, reach: reach, slack: slack, limit: entry.until)
    let isLost = feed.losses.anyLoss(pid, time &- reach, time &+ slack)
    return isLost ? .eventsLost : reason
  }

  // MARK: Results

  func resolution(_ entry: ResolutionCache.Entry, isCaller: Bool) -> Resolution {
    if entry.isNamed {
      return .symbol(
        SymbolID(rawValue: entry.value), offset: entry.offset &+ (isCaller ? 1 : 0),
        certainty: entry.certainty)
    }
    return .unresolved(
      UnresolvedReason(rawValue: UInt8(truncatingIfNeeded: entry.value)) ?? .neverAnnounced,
      module: entry.module == CodeRow.none ? nil : ModuleID(rawValue: entry.module))
  }

  func symbol(_ id: SymbolID) -> CodeSymbol {
    if let known = lock.withLock({ _ in self.shown[id.rawValue] }) { return known }
    let (entry, bytes) = recorded(id)
    let shown = Self.shownSymbol(entry, bytes)
    let symbol = CodeSymbol(
      name: shown.name, rawName: String(decoding: bytes, as: UTF8.self), module: shown.module,
      source: shown.source, tier: shown.tier, tierName: shown.tierName)
    lock.withLock { _ in self.shown[id.rawValue] = symbol }
    return symbol
  }

  /// Returns the parts of a symbol that call trees show. They are not cached.
  func shownSymbol(_ id: SymbolID) -> ShownSymbol {
    let (entry, bytes) = recorded(id)
    return Self.shownSymbol(entry, bytes)
  }

  /// The bytes of a name do not move, so they may be read after the lock is released.
  private func recorded(_ id: SymbolID) -> (NameTable.Entry, UnsafeRawBufferPointer) {
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    let entry = lock.withLock { _ in
      let entry = map.names[id.rawValue]
      bytes = map.names.name(entry)
      return entry
    }
    return (entry, bytes)
  }

  private static func shownSymbol(
    _ entry: NameTable.Entry, _ bytes: UnsafeRawBufferPointer
  ) -> ShownSymbol {
    let source = SymbolSource(rawValue: entry.source) ?? .image
    let name = display(bytes, source)
    return ShownSymbol(
      name: name.display, module: ModuleID(rawValue: entry.module), source: source,
      tier: MethodTier(rawValue: entry.tier), tierName: name.tier ?? "")
  }

  /// Removes forgotten symbols from the cache.
  func forget(keeping isKept: (UInt32) -> Bool) {
    shown = shown.filter { isKept($0.key) }
    // Numbers of symbols and modules are reused.
    images = [:]
  }

  func module(_ id: ModuleID) -> CodeModule { lock.withLock { _ in feed.modules[id.rawValue] } }

  private static func display(
    _ raw: UnsafeRawBufferPointer, _ source: SymbolSource
  ) -> DisplayName {
    // Unnamed code is shown as such, so that it is not mistaken for the previous occupant.
    if raw.isEmpty { return DisplayName("(no name)") }
    return source == .provider
      ? DisplayName(RuntimeName.display(raw))
      : Demangler.displayName(String(decoding: raw, as: UTF8.self))
  }

  // MARK: Places

  func sourceFrames(
    _ generation: Generation, _ address: UInt64, at time: Int64
  ) -> SourceFrames? {
    if !feed.statedLines.isEmpty, let stated = feed.statedLines.frames(address) { return stated }
    switch map.find(generation, address, at: time).kind {
    case .code(let number, _):
      let row = map.rows[Int(number)]
      let line = lock.withLock { _ in
        feed.lines.line(row, generation: generation.number, offset: address &- row.start)
      }
      return line.map { SourceFrames(line: $0) }
    case .image(let number, _):
      let row = map.rows[Int(number)]
      let image = lock.withLock { _ in feed.modules.images[Int(row.symbol)] }
      guard let image else { return nil }
      let place = row.identity &+ (address &- row.start)
      for source in sources {
        let frames = ask(source) { $0.sourceFrames(atFileOffset: place, in: image) }
        if let frames { return frames }
      }
      return nil
    case .nothing: return nil
    }
  }

  func imagePlace(_ generation: Generation, _ address: UInt64, at time: Int64) -> ImagePlace? {
    guard case .image(let number, _) = map.find(generation, address, at: time).kind else {
      return nil
    }
    let row = map.rows[Int(number)]
    return lock.withLock { _ in feed.modules.images[Int(row.symbol)] }.map {
      ImagePlace(image: $0, fileOffset: row.identity &+ (address &- row.start))
    }
  }
}

/// The parts of a symbol that call trees show.
struct ShownSymbol {
  /// As ``CodeSymbol/name``.
  var name: String
  var module: ModuleID
  var source: SymbolSource
  var tier: MethodTier
  var tierName: String
}
