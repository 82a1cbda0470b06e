internal import TraceEvents

/// Who lived at which address when, in every process: what was announced, put in order.
///
/// - Guarantee: announcements may come in any order, late, twice, or not at all; none of them makes
///   two own an address at once.
/// - Cost: O(log n) an announcement and a look-up; about 100 bytes a piece of code, and its name.
final class CodeMap {
  let rows = Slab<CodeRow>()
  let names: NameTable
  let lives: ProcessLives
  let options: SymbolizerOptions

  /// Whether look-ups come between announcements.
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

  /// A fork's child; it begins with what its parent has.
  func processStarted(_ pid: UInt32, parent: UInt32, at time: Int64) {
    lives.processStarted(pid, parent: parent, at: time)
  }

  /// The process has another address space from now on: an exec, or the pid is another's.
  func processRenewed(_ pid: UInt32, at time: Int64) { lives.processRenewed(pid, at: time) }

  /// The process as it is now.
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

  /// Nothing that the source announced lives any more.
  func clear(_ layer: CodeLayer, pid: UInt32, at time: Int64) {
    let generation = generation(pid, at: time)
    guard generation.knows(layer) else { return }
    space(generation, layer).vacate(0, .max, time)
  }

  // MARK: Images

  /// A mapping; without a known beginning it was there before.
  ///
  /// A file's mapping ends the compiled code whose place it takes. Two kinds do not, because the
  /// kernel reports a mapping again whenever its protection changes or it grows: anonymous memory,
  /// and what the same file already had mapped at the same place.
  func map(
    _ image: CodeAnnouncement, _ layer: CodeLayer, pid: UInt32, at time: Int64,
    knowsBeginning: Bool
  ) {
    let generation = generation(pid, at: time)
    let endsCode = knowsBeginning && layer == .image && !image.traits.contains(.anonymous)
    // Asked before the mapping is known.
    let taken = endsCode ? generation.newlyMapped(image, at: time) : []
    space(generation, layer).load(image, at: time, knowsBeginning: knowsBeginning)
    for range in taken { vacateCode(range.lowerBound, range.upperBound, generation, at: time) }
  }

  /// The memory is another from now on, so that no compiled code of before lives there; or it may
  /// be, so that nobody knows until it is announced again.
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

  // MARK: Looking up

  /// Everything is known: look-ups from now on, and no more announcements.
  func seal() {
    for generation in lives.all { generation.seal() }
  }

  /// Bytes of all tables.
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
