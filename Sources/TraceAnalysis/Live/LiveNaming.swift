internal import TraceFormat

/// Names for the addresses of a trace still being recorded, from the early and from the settled
/// announcements.
final class LiveNaming {
  let options: SymbolizerOptions
  let stream: AnnouncementStream
  let feed: CodeFeed
  let early: Naming
  let settled: Naming
  /// All answers for stacks that still exist.
  let register = AnswerRegister()
  /// Number of times that ids of symbols and modules became free for reuse.
  @exclusivity(unchecked) private(set) var idChanges: UInt64 = 0
  /// Answers without a name hold during a turn.
  @exclusivity(unchecked) private(set) var turns: UInt64 = 0
  /// Numbers of stacks' answers that were made, and of frames that were looked up for them, because
  /// no known answer held.
  @exclusivity(unchecked) private(set) var answersMade: UInt64 = 0
  @exclusivity(unchecked) private(set) var framesLooked: UInt64 = 0
  /// Times at which each symbol and module was last returned.
  @exclusivity(unchecked) private(set) var given = GivenNames()

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

  /// Returns the current answer for a stack's frames at a time.
  ///
  /// - Cost: if the stack's latest answer still holds, one comparison, or one per frame if anything
  ///   was announced since. An answer that another phase has found is not looked up again.
  func answer(
    of number: Int32, in stacks: inout PendingStacks, at time: Int64, _ phase: LookupPhase
  ) -> StackAnswer {
    let all = phase == .early ? stream.earlyMarks.all : stream.settledMarks.all
    let known = stacks[number].answers[phase.rawValue]
    var mark = known?.mark ?? 0
    if known?.allMark != all {
      mark =
        phase == .early
        ? stream.earlyMarks.mark(stacks[number]) : stream.settledMarks.mark(stacks[number])
    }
    if let known, known.holds(at: time, mark: mark, turn: turns) {
      stacks[number].answers[phase.rawValue]!.allMark = all
      return known.answer
    }
    var made =
      answer(like: mark, of: stacks[number], at: time, phase)
      ?? makeAnswer(of: number, in: &stacks, at: time, phase)
    (made.allMark, made.mark) = (all, mark)
    stacks[number].answers[phase.rawValue] = made
    return made.answer
  }

  /// Returns the answer of another phase that holds in this phase too.
  private func answer(
    like mark: UInt64, of stack: PendingStacks.Stack, at time: Int64, _ phase: LookupPhase
  ) -> CachedAnswer? {
    for other in 0..<LookupPhase.count where other != phase.rawValue {
      guard let known = stack.answers[other], known.holds(at: time, mark: mark, turn: turns),
        isSame(phase, other) || known.isOfPresentCode
      else { continue }
      return known
    }
    return nil
  }

  /// Whether two phases have the same map, or maps with the same content if their marks are equal.
  ///
  /// Each map drops what has ended at a time of its own. What has been dropped is the difference
  /// between code that has ended and code that was never announced, but not for addresses where
  /// something is.
  private func isSame(_ phase: LookupPhase, _ other: Int) -> Bool {
    (phase == .early) == (other == LookupPhase.early.rawValue) || !stream.hasDropped
  }

  private func makeAnswer(
    of number: Int32, in stacks: inout PendingStacks, at time: Int64, _ phase: LookupPhase
  ) -> CachedAnswer {
    answersMade += 1
    let (pid, count) = (stacks[number].key.pid, stacks[number].frames.count)
    var (from, until) = (Int64.min, Int64.max)
    var resolutions: [Resolution] = []
    resolutions.reserveCapacity(count)
    var isOfPresentCode = true
    for index in 0..<count {
      if stacks[number].key.addresses[index] == StackNode.lostAddress {
        resolutions.append(.unresolved(.neverAnnounced, module: nil))
        continue
      }
      let frame = stacks[number].frames[index]
      let answer = resolve(pid, frame, in: &stacks, at: time, phase)
      (from, until) = (max(from, answer.from), min(until, answer.until))
      resolutions.append(answer.resolution)
      isOfPresentCode = isOfPresentCode && answer.resolution.isOfPresentCode
    }
    return CachedAnswer(
      answer: share(resolutions, stacks[number]), from: from, until: until, turn: turns,
      isOfPresentCode: isOfPresentCode)
  }

  /// Returns an answer with these resolutions: one of the stack's latest if they are equal.
  private func share(_ resolutions: [Resolution], _ stack: PendingStacks.Stack) -> StackAnswer {
    for phase in (0..<LookupPhase.count).reversed() {
      if let known = stack.answers[phase]?.answer, known.resolutions == resolutions {
        return known
      }
    }
    return StackAnswer(stack, resolutions, register)
  }

  /// Returns an answer for a time before the history, which is not known well enough: only kernel
  /// functions have names.
  func answer(
    beforeHistory number: Int32, in stacks: inout PendingStacks, at time: Int64
  ) -> StackAnswer {
    let (pid, frames) = (stacks[number].key.pid, stacks[number].frames)
    var resolutions: [Resolution] = []
    for frame in frames {
      resolutions.append(
        frame.isWatched
          ? .unresolved(.unloaded, module: nil)
          : resolve(pid, frame, in: &stacks, at: time, .closing).resolution)
    }
    return StackAnswer(stacks[number], resolutions, register)
  }

  /// Returns the current answer for one frame at a time.
  func resolve(
    _ pid: UInt32, _ frame: PendingStacks.Frame, in stacks: inout PendingStacks, at time: Int64,
    _ phase: LookupPhase
  ) -> TimedAnswer {
    let place = frame.place
    let mark =
      phase == .early
      ? stream.earlyMarks.mark(pid, frame.address) : stream.settledMarks.mark(pid, frame.address)
    if stacks.places[place].answers[phase.rawValue].holds(at: time, mark: mark, turn: turns) {
      return stacks.places[place].answers[phase.rawValue].answer
    }
    for other in 0..<LookupPhase.count where other != phase.rawValue {
      let known = stacks.places[place].answers[other]
      guard known.holds(at: time, mark: mark, turn: turns),
        isSame(phase, other) || known.answer.resolution.isOfPresentCode
      else { continue }
      stacks.places[place].answers[phase.rawValue] = known
      return known.answer
    }
    var answer = look(pid, frame, at: time, phase == .early ? early : settled)
    // The early map may have dropped what ended before.
    if phase == .early { answer.from = max(answer.from, min(time, stream.earlyKnownFrom)) }
    stacks.places[place].answers[phase.rawValue] = PlaceAnswer(
      answer: answer, mark: mark, turn: turns)
    return answer
  }

  private func look(
    _ pid: UInt32, _ frame: PendingStacks.Frame, at time: Int64, _ naming: Naming
  ) -> TimedAnswer {
    framesLooked += 1
    let generation =
      frame.isWatched
      ? naming.map.lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds) : nil
    let entry = naming.answer(generation, pid: pid, frame.address, at: time)
    var answer = TimedAnswer(
      resolution: naming.resolution(entry, isCaller: frame.isCaller), from: entry.from,
      until: entry.until)
    // Without losses, the answer for a process that nothing has mentioned is the same at all times.
    if generation == nil, naming.map.lives.known(pid) == nil, feed.losses.isEmpty {
      (answer.from, answer.until) = (.min, .max)
    }
    return answer
  }

  /// Protects the ids in an answer until the history has passed.
  func noteGiven(_ resolution: Resolution) {
    given.note(resolution, stream.names, at: stream.latest)
  }

  /// Outdates the answers without a name, whose reason also depends on losses.
  func noteLoss() { turns += 1 }

  /// Outdates the answers without a name if their reason may have changed with time: because losses
  /// were forgotten, or because a client's source may find an image later. The machine's files are
  /// not searched twice for an image.
  func beginTurn() {
    if options.imageSymbols != nil || !feed.losses.isEmpty { turns += 1 }
  }

  /// Removes the symbols for which `isKept` returns false from the caches, and discards all cached
  /// answers.
  func forgetNames(keeping isKept: (UInt32) -> Bool) {
    idChanges += 1
    stream.noteIDsChanged()
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
