internal import TraceEvents

/// Records which code and images were at which addresses at which times, in every process, built
/// from announcements.
///
/// - Guarantee: announcements may arrive in any order, late, twice, or not at all; an address never
///   has two owners at the same time.
/// - Cost: O(log n) per announcement and per lookup; about 100 bytes per piece of code, plus its
///   name.
final class CodeMap {
  let rows = Slab<CodeRow>()
  let names: NameTable
  let lives: ProcessLives
  let options: SymbolizerOptions

  /// Whether lookups and announcements alternate.
  let isLive: Bool

  init(
    options: SymbolizerOptions = .init(), names: NameTable = NameTable(),
    lives: ProcessLives = ProcessLives(), isLive: Bool = false
  ) {
    self.lives = lives
    self.options = options
    self.names = names
    self.isLive = isLive
  }

  // MARK: Processes

  /// Starts a forked child, with a copy of its parent's address space.
  func processStarted(_ pid: UInt32, parent: UInt32, at time: Int64) {
    lives.processStarted(pid, parent: parent, at: time)
  }

  /// Replaces the process's address space, after an exec or the reuse of the pid.
  func processRenewed(_ pid: UInt32, at time: Int64) { lives.processRenewed(pid, at: time) }

  /// Returns the current generation of the process.
  func current(_ pid: UInt32) -> Generation { lives.current(pid) }

  func processStopped(_ pid: UInt32, at time: Int64) { lives.processStopped(pid, at: time) }

  // MARK: Code

  func load(
    _ code: CodeAnnouncement, _ layer: CodeLayer, pid: UInt32, at time: Int64,
    knowsBeginning: Bool = true
  ) {
    space(pid, layer, at: time).load(code, at: time, knowsBeginning: knowsBeginning)
  }

  func unload(_ code: CodeAnnouncement, _ layer: CodeLayer, pid: UInt32, at time: Int64) {
    space(pid, layer, at: time).unload(code, at: time)
  }

  func move(
    _ code: CodeAnnouncement, from old: UInt64, _ layer: CodeLayer, pid: UInt32, at time: Int64
  ) {
    space(pid, layer, at: time).move(code, from: old, at: time)
  }

  /// Ends all code that the source has announced.
  func clear(_ layer: CodeLayer, pid: UInt32, at time: Int64) {
    let generation = generation(pid, at: time)
    guard generation.knows(layer) else { return }
    space(generation, layer).vacate(0, .max, time)
  }

  // MARK: Images

  /// Adds a mapping. If its beginning is unknown, it was there before.
  ///
  /// Mapping a file ends the compiled code that it replaces. Two kinds of mapping do not, because
  /// the kernel reports a mapping again whenever it grows or its protection changes: anonymous
  /// memory, and parts that the same file already had mapped at the same place.
  func map(
    _ image: CodeAnnouncement, _ layer: CodeLayer, pid: UInt32, at time: Int64,
    knowsBeginning: Bool
  ) {
    let generation = generation(pid, at: time)
    let endsCode = knowsBeginning && layer == .image && !image.traits.contains(.anonymous)
    // Must be determined before the mapping is added.
    let taken = endsCode ? generation.newlyMapped(image, at: time) : []
    space(generation, layer).load(image, at: time, knowsBeginning: knowsBeginning)
    for range in taken { vacateCode(range.lowerBound, range.upperBound, generation, at: time) }
  }

  /// Ends the compiled code in memory that was replaced or, unless `isSure`, marks it as uncertain
  /// until it is announced again.
  func replaceMemory(
    _ start: UInt64, size: UInt64, isSure: Bool, pid: UInt32, at time: Int64
  ) {
    let generation = generation(pid, at: time)
    let range = CodeAnnouncement(start: start, size: size, symbol: CodeRow.none)
    if isSure { return vacateCode(start, range.end, generation, at: time) }
    for compiled in CodeLayer.allCases where !compiled.isImage {
      generation.space(compiled)?.doubt(start, range.end, at: time)
    }
  }

  private func vacateCode(
    _ start: UInt64, _ end: UInt64, _ generation: Generation, at time: Int64
  ) {
    for compiled in CodeLayer.allCases where !compiled.isImage && generation.knows(compiled) {
      let space = space(generation, compiled)
      guard generation.parent != nil || space.overlapsAnything(start, end) else { continue }
      space.vacate(start, end, time)
    }
  }

  func unmap(_ start: UInt64, size: UInt64, _ layer: CodeLayer, pid: UInt32, at time: Int64) {
    let range = CodeAnnouncement(start: start, size: size, symbol: CodeRow.none)
    space(pid, layer, at: time).vacate(start, range.end, time)
  }

  // MARK: Lookups

  /// Completes the map: lookups may follow, but no more announcements.
  func seal() {
    for generation in lives.all { generation.seal() }
  }

  /// Size of all tables in bytes.
  var memoryBytes: Int {
    rows.memoryBytes + names.memoryBytes + lives.all.reduce(0) { $0 + $1.memoryBytes }
  }

  func generation(_ pid: UInt32, at time: Int64) -> Generation {
    lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds) ?? lives.current(pid)
  }

  private func space(_ pid: UInt32, _ layer: CodeLayer, at time: Int64) -> CodeSpace {
    space(generation(pid, at: time), layer)
  }

  private func space(_ generation: Generation, _ layer: CodeLayer) -> CodeSpace {
    generation.space(layer, rows: rows, slack: options.slack(of: layer), isLive: isLive)
  }
}

extension SymbolizerOptions {
  func slack(of layer: CodeLayer) -> Int64 {
    layer == .perfMap ? perfMapSlackNanoseconds : slackNanoseconds
  }
}
