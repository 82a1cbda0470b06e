/// The announcements of a trace still being recorded, in two maps: one in order of arrival, one in
/// order of time.
///
/// Streams of a trace are not in order with each other, but the order of announcements determines
/// lifetimes. Each announcement is therefore added immediately to ``early``, which answers lookups
/// within the hold window. Once the window has passed, it is added to ``settled`` in order of the
/// time at which it was reported. Up to that time, ``settled`` equals the map of the whole file.
///
/// - Guarantee: as long as nothing arrives later than the window, ``settled`` has received the same
///   announcements in the same order as the map of a file that is read as a whole.
/// - Cost: two maps; at most ``waitingMax`` waiting announcements.
final class AnnouncementStream: AnnouncementTaker {
  let early: CodeMap
  let settled: CodeMap
  /// Names, shared by both maps.
  let names = NameTable()
  /// Maximum number of waiting announcements; beyond that, the earliest are settled early.
  static let waitingMax = 1 << 18

  /// The effect of an announcement: the addresses that changed in a process, and the time since
  /// which they changed. The range is nil if the whole process may have changed.
  struct Change {
    var pid: UInt32
    var range: Range<UInt64>?
    var from: Int64
    var isSettled: Bool
  }

  /// Called after the early or the settled map has received an announcement.
  var onChange: ((Change) -> Void)?
  /// Called with an announcement's time before it is added.
  var onTime: ((Int64) -> Void)?
  /// Called after an announcement was processed.
  var onTaken: (() -> Void)?
  /// Pids of processes with forked children, which inherited their address space.
  var parents: Set<UInt32> = []
  // Not checked, because every lookup reads these, on one thread.
  @exclusivity(unchecked) private(set) var settledUntil = Int64.min
  @exclusivity(unchecked) private(set) var latest = Int64.min
  /// Marks of the early and of the settled map.
  @exclusivity(unchecked) private(set) var earlyMarks = ChangeMarks()
  @exclusivity(unchecked) private(set) var settledMarks = ChangeMarks()
  /// The early map has all that had not ended by then.
  @exclusivity(unchecked) private(set) var earlyKnownFrom = Int64.min
  /// Whether anything was dropped from a map.
  @exclusivity(unchecked) private(set) var hasDropped = false
  @exclusivity(unchecked) private var waiting = TimeQueue<Announcement>()
  /// Number of announcements, and of other changes of the maps, so far.
  private var serial: UInt64 = 0
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
    serial += 1
    var announcement = announcement
    announcement.serial = serial
    // Advance the time first: lookups that settle now were made before this announcement.
    onTime?(announcement.toldAt)
    apply(announcement, to: early, isSettled: false)
    // An announcement later than the hold window is applied out of order.
    if announcement.toldAt <= settledUntil {
      apply(announcement, to: settled, isSettled: true)
    } else {
      if waiting.count >= Self.waitingMax, let first = waiting.firstTime { settle(upTo: first) }
      waiting.insert(announcement.toldAt, announcement)
    }
    onTaken?()
  }

  private func apply(_ announcement: Announcement, to map: CodeMap, isSettled: Bool) {
    let isFirst = map.lives.known(announcement.pid) == nil
    map.take(announcement)
    if case .start(let parent) = announcement.kind { parents.insert(parent) }
    let (pid, time) = (announcement.pid, announcement.time)
    // The generation that received the announcement; none is created here.
    let generation =
      map.lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
      ?? map.lives.known(pid)
    let change = generation?.takeChange() ?? SpaceChange()
    mark(change, announcement, isFirst: isFirst, isSettled: isSettled)
    let from = announcement.isOfProcess ? min(change.from, time) : change.from
    onChange?(Change(pid: pid, range: announcement.range, from: from, isSettled: isSettled))
  }

  private func mark(
    _ change: SpaceChange, _ announcement: Announcement, isFirst: Bool, isSettled: Bool
  ) {
    if isSettled {
      note(change, announcement, isFirst: isFirst, in: &settledMarks)
    } else {
      note(change, announcement, isFirst: isFirst, in: &earlyMarks)
    }
  }

  /// - Parameter isFirst: whether nothing has mentioned the process before.
  private func note(
    _ change: SpaceChange, _ announcement: Announcement, isFirst: Bool,
    in marks: inout ChangeMarks
  ) {
    let serial = announcement.serial
    if isFirst || announcement.isOfProcess {
      return marks.note(process: announcement.pid, serial)
    }
    // If the changed addresses are unknown, or if children may have inherited the code, any answer
    // may have changed.
    guard let changed = change.range, !parents.contains(announcement.pid) else {
      return marks.noteAll(serial)
    }
    marks.note(announcement.pid, changed, serial)
    if let range = announcement.range { marks.note(announcement.pid, range, serial) }
  }

  /// Notes that `map` has lost some of what ended before a time.
  func noteDropped(from map: CodeMap, before time: Int64) {
    hasDropped = true
    guard map === early else { return }
    earlyKnownFrom = max(earlyKnownFrom, time.later(by: options.clockEdgeNanoseconds))
  }

  /// Marks all earlier answers as outdated. The maps may have changed in different ways.
  func noteAllChanged() {
    serial += 2
    earlyMarks.noteAll(serial - 1)
    settledMarks.noteAll(serial)
  }

  /// Marks all earlier answers as outdated, although the maps have not changed.
  func noteIDsChanged() {
    serial += 1
    earlyMarks.noteAll(serial)
    settledMarks.noteAll(serial)
  }
}
