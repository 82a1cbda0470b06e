internal import TraceFormat

/// Names for the addresses of a trace still being recorded, from the early and from the settled
/// announcements.
final class LiveNaming {
  let options: SymbolizerOptions
  let stream: AnnouncementStream
  let feed: CodeFeed
  let early: Naming
  let settled: Naming
  /// Times at which each symbol and module was last returned.
  @exclusivity(unchecked) private(set) var given = GivenNames()
  @exclusivity(unchecked) private var earlyAnswers = LiveAnswers()
  @exclusivity(unchecked) private var settledAnswers = LiveAnswers()

  /// - Parameter file: the trace; nil for events that do not come from a file.
  init(
    _ file: TraceFile?, options: SymbolizerOptions, session: @escaping () -> SessionDescription
  ) {
    self.options = options
    let stream = AnnouncementStream(options: options)
    self.stream = stream
    feed = CodeFeed(stream.settled, file, telling: stream, options: options) {
      session().start.monotonicNanoseconds
    }
    let sources = options.imageSymbols ?? [SessionImages(options.searchRoots, session)]
    early = Naming(feed, stream.early, sources: sources, options: options)
    settled = Naming(feed, stream.settled, sources: sources, options: options)
  }

  /// Returns the current answer for an address at a time, from the settled or from the early
  /// announcements.
  func resolve(
    _ pid: UInt32, _ place: UInt64, at time: Int64, isCaller: Bool, isSettled: Bool
  ) -> Resolution {
    let key = LiveAnswers.Key(pid: pid, isCaller: isCaller, address: place)
    let changes =
      isSettled ? stream.settledChanges.count(pid, place) : stream.earlyChanges.count(pid, place)
    let known =
      isSettled
      ? settledAnswers.answer(key, at: time, changes: changes)
      : earlyAnswers.answer(key, at: time, changes: changes)
    if let known {
      given.note(known, stream.names, at: stream.latest)
      return known
    }
    let naming = isSettled ? settled : early
    let generation =
      StackAddress.isKernel(place)
      ? nil
      : naming.map.lives.generation(
        pid, at: time, edge: options.clockEdgeNanoseconds)
    let entry = naming.answer(generation, pid: pid, place, at: time)
    let resolution = naming.resolution(entry, isCaller: isCaller)
    given.note(resolution, stream.names, at: stream.latest)
    // Other answers are not cached: the reason for a missing name also depends on losses and files.
    if entry.isNamed {
      let (from, until) = (entry.from, entry.until)
      if isSettled {
        settledAnswers.keep(resolution, key, from: from, until: until, changes: changes)
      } else {
        earlyAnswers.keep(resolution, key, from: from, until: until, changes: changes)
      }
    }
    return resolution
  }

  /// Removes the symbols for which `isKept` returns false from the caches, and discards all cached
  /// answers.
  func forgetNames(keeping isKept: (UInt32) -> Bool) {
    stream.noteAllChanged()
    settled.forget(keeping: isKept)
    early.forget(keeping: isKept)
  }
}

/// Times at which symbols and modules were last returned.
struct GivenNames {
  private var symbols: [Int64] = []
  private var modules: [Int64] = []

  mutating func note(_ resolution: Resolution, _ names: NameTable, at time: Int64) {
    switch resolution {
    case .symbol(let id, _, _):
      Self.note(&symbols, id.rawValue, time)
      Self.note(&modules, names[id.rawValue].module, time)
    case .unresolved(_, let module):
      if let module { Self.note(&modules, module.rawValue, time) }
    }
  }

  private static func note(_ given: inout [Int64], _ id: UInt32, _ time: Int64) {
    while given.count <= Int(id) { given.append(.min) }
    given[Int(id)] = time
  }

  func has(symbol: UInt32, since time: Int64) -> Bool {
    Int(symbol) < symbols.count && symbols[Int(symbol)] >= time
  }

  func has(module: UInt32, since time: Int64) -> Bool {
    Int(module) < modules.count && modules[Int(module)] >= time
  }
}
