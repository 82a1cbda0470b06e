/// The announcements of a trace that is still coming, in two maps: one as they come, one in order.
///
/// Streams of a trace are not in order with each other, and what order announcements come in
/// decides who is taken to have lived where. So each is put into ``early`` at once, which answers
/// for the times of the hold window, and into ``settled`` in order of the time it was told at when
/// the window has passed it: that map is what the whole file's is up to there.
///
/// - Guarantee: as long as nothing comes later than the window, ``settled`` has taken the same
///   announcements in the same order as the map of a file that is read as a whole.
/// - Cost: two maps; at most ``waitingMax`` announcements wait.
final class AnnouncementStream: AnnouncementTaker {
  let early: CodeMap
  let settled: CodeMap
  /// Of both maps.
  let names = NameTable()
  /// Announcements that wait; beyond, the earliest are put in order as if the window had passed.
  static let waitingMax = 1 << 18

  /// What an announcement changed: a process's range, or of nil, the process; since when.
  struct Change {
    var pid: UInt32
    var range: Range<UInt64>?
    var from: Int64
    var isSettled: Bool
  }

  /// Called when the early or the settled map has taken an announcement.
  var onChange: ((Change) -> Void)?
  /// Called with an announcement's time before it is added.
  var onTime: ((Int64) -> Void)?
  /// Called afterwards.
  var onTaken: (() -> Void)?
  /// Processes whose address space a fork inherited.
  var parents: Set<UInt32> = []
  // Used for each look-up, on one thread.
  @exclusivity(unchecked) private(set) var settledUntil = Int64.min
  @exclusivity(unchecked) private(set) var latest = Int64.min
  /// Changes of the early and of the settled map.
  @exclusivity(unchecked) private(set) var earlyChanges = ChangeCounts()
  @exclusivity(unchecked) private(set) var settledChanges = ChangeCounts()
  private var waiting = TimeHeap<Announcement>()
  private let options: SymbolizerOptions

  init(options: SymbolizerOptions) {
    self.options = options
    early = CodeMap(options: options, names: names, isLive: true)
    settled = CodeMap(options: options, names: names, isLive: true)
  }

  /// Calls `body` with the code of each waiting announcement.
  func forEachWaiting(_ body: (CodeAnnouncement, CodeLayer) -> Void) {
    waiting.visit { announcement in
      switch announcement.kind {
      case .load(let code, let layer, _), .unload(let code, let layer),
        .map(let code, let layer, _):
        body(code, layer)
      default: break
      }
    }
  }

  /// Records the trace's current time, and settles announcements that are `hold` older.
  func advance(to time: Int64, hold: Int64) {
    latest = max(latest, time)
    let bound = latest.subtractingReportingOverflow(hold)
    settle(upTo: bound.overflow ? .min : bound.partialValue)
  }

  private func settle(upTo time: Int64) {
    guard time > settledUntil else { return }
    settledUntil = time
    while let (_, announcement) = waiting.popFirst(upTo: time) {
      apply(announcement, to: settled, isSettled: true)
    }
  }

  func take(_ announcement: Announcement) {
    // Time passes first: what it settles was asked before this was known.
    onTime?(announcement.toldAt)
    apply(announcement, to: early, isSettled: false)
    // What comes later than the window is put where it can be.
    if announcement.toldAt <= settledUntil {
      apply(announcement, to: settled, isSettled: true)
    } else {
      if waiting.count >= Self.waitingMax, let first = waiting.firstTime { settle(upTo: first) }
      waiting.insert(announcement.toldAt, announcement)
    }
    onTaken?()
  }

  private func apply(_ announcement: Announcement, to map: CodeMap, isSettled: Bool) {
    map.take(announcement)
    if case .start(let parent) = announcement.kind { parents.insert(parent) }
    let (pid, time) = (announcement.pid, announcement.time)
    // Where it was put, without making up a process for it.
    let generation =
      map.lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
      ?? map.lives.known(pid)
    let change = generation?.takeChange() ?? SpaceChange()
    count(change, announcement, isSettled: isSettled)
    let from = announcement.isOfProcess ? min(change.from, time) : change.from
    onChange?(Change(pid: pid, range: announcement.range, from: from, isSettled: isSettled))
  }

  private func count(_ change: SpaceChange, _ announcement: Announcement, isSettled: Bool) {
    if isSettled {
      note(change, announcement, in: &settledChanges)
    } else {
      note(change, announcement, in: &earlyChanges)
    }
  }

  private func note(
    _ change: SpaceChange, _ announcement: Announcement, in counts: inout ChangeCounts
  ) {
    if announcement.isOfProcess { return counts.note(process: announcement.pid) }
    // A child may have what its parent announces, and what was put elsewhere is not known.
    guard let changed = change.range, !parents.contains(announcement.pid) else {
      return counts.noteAll()
    }
    counts.note(announcement.pid, changed)
    if let range = announcement.range { counts.note(announcement.pid, range) }
  }

  /// Answers of before no longer hold.
  func noteAllChanged() {
    earlyChanges.noteAll()
    settledChanges.noteAll()
  }
}
