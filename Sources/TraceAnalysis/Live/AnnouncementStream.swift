/// What is told of code while it is told: in two maps, one as it comes, one in order.
///
/// Streams of a trace are not in order with each other, and what order announcements come in
/// decides who is taken to have lived where. So each is put into ``early`` at once, which answers
/// for the times of the hold window, and into ``settled`` in order of its time when the window has
/// passed it: that one is what the whole file's map is up to there.
///
/// - Guarantee: as long as nothing comes later than the window, ``settled`` has been told the same
///   in the same order as the map of a file that is read as a whole.
/// - Cost: two maps; at most ``waitingMax`` announcements wait.
final class AnnouncementStream: CodeMap {
  let early: CodeMap
  let settled: CodeMap
  /// Announcements that wait; beyond, the earliest are put in order as if the window had passed.
  static let waitingMax = 1 << 18
  /// The time of the event that tells, where what it tells of was before.
  var eventTime: Int64?
  /// What an announcement changed: a process's range, or of nil, the process; since when.
  struct Change {
    var pid: UInt32
    var range: Range<UInt64>?
    var from: Int64
    var isSettled: Bool
  }

  /// Called when the early or the settled map was told something.
  var onChange: ((Change) -> Void)?
  /// Called with an announcement's time before it is taken in.
  var onTime: ((Int64) -> Void)?
  /// Called when it was.
  var onTaken: (() -> Void)?
  private var waiting = TimeHeap<Announcement>()
  /// Processes that others began with the addresses of.
  var parents: Set<UInt32> = []
  private(set) var settledUntil = Int64.min
  private(set) var latest = Int64.min

  enum Announcement {
    case start(parent: UInt32, at: Int64)
    case renew(at: Int64)
    case stop(at: Int64)
    case load(CodeAnnouncement, CodeLayer, at: Int64, knowsBeginning: Bool)
    case unload(CodeAnnouncement, CodeLayer, at: Int64)
    case move(CodeAnnouncement, from: UInt64, CodeLayer, at: Int64)
    case clear(CodeLayer, at: Int64)
    case map(CodeAnnouncement, CodeLayer, at: Int64, knowsBeginning: Bool)
    case unmap(UInt64, size: UInt64, CodeLayer, at: Int64)
    case replace(UInt64, size: UInt64, isSure: Bool, at: Int64)

    /// When what it tells of came about.
    var time: Int64 {
      switch self {
      case .start(_, let time), .renew(let time), .stop(let time), .load(_, _, let time, _),
        .unload(_, _, let time), .move(_, _, _, let time), .clear(_, let time),
        .map(_, _, let time, _), .unmap(_, _, _, let time), .replace(_, _, _, let time):
        time
      }
    }

    /// A process begins, ends or runs another program.
    var isOfProcess: Bool {
      switch self {
      case .start, .renew, .stop: true
      default: false
      }
    }
  }

  init(options: SymbolizerOptions) {
    let names = NameTable()
    early = CodeMap(options: options, names: names, isLive: true)
    settled = CodeMap(options: options, names: names, isLive: true)
    super.init(options: options, names: names, isLive: true)
  }

  /// Symbols of announcements that wait.
  func forEachWaiting(_ body: (CodeAnnouncement, CodeLayer) -> Void) {
    waiting.visit { announcement in
      switch announcement {
      case .load(let code, let layer, _, _), .unload(let code, let layer, _),
        .map(let code, let layer, _, _):
        body(code, layer)
      default: break
      }
    }
  }

  /// Takes note of how far the trace has come, and puts in order what is `hold` older.
  func advance(to time: Int64, hold: Int64) {
    latest = max(latest, time)
    let bound = latest.subtractingReportingOverflow(hold)
    settle(upTo: bound.overflow ? .min : bound.partialValue)
  }

  private func settle(upTo time: Int64) {
    guard time > settledUntil else { return }
    settledUntil = time
    while let (_, pid, announcement) = waiting.popFirst(upTo: time) {
      tell(announcement, pid, to: settled, isSettled: true)
    }
  }

  private func take(_ announcement: Announcement, _ pid: UInt32, at time: Int64) {
    let order = eventTime ?? time
    eventTime = nil
    // Time passes first: what it settles was asked before this was known.
    onTime?(order)
    tell(announcement, pid, to: early, isSettled: false)
    // What comes later than the window is put where it can be.
    if order <= settledUntil {
      tell(announcement, pid, to: settled, isSettled: true)
    } else {
      if waiting.count >= Self.waitingMax, let first = waiting.firstTime { settle(upTo: first) }
      waiting.insert(order, pid, announcement)
    }
    onTaken?()
  }

  private func tell(
    _ announcement: Announcement, _ pid: UInt32, to map: CodeMap, isSettled: Bool
  ) {
    var range: Range<UInt64>?
    let time = announcement.time
    switch announcement {
    case .start(let parent, let time):
      map.processStarted(pid, parent: parent, at: time)
      parents.insert(parent)
    case .renew(let time): map.processRenewed(pid, at: time)
    case .stop(let time): map.processStopped(pid, at: time)
    case .load(let code, let layer, let time, let knowsBeginning):
      map.load(code, layer, pid: pid, at: time, knowsBeginning: knowsBeginning)
      range = code.range
    case .unload(let code, let layer, let time):
      map.unload(code, layer, pid: pid, at: time)
      range = code.range
    case .move(let code, let old, let layer, let time):
      map.move(code, from: old, layer, pid: pid, at: time)
    case .clear(let layer, let time): map.clear(layer, pid: pid, at: time)
    case .map(let image, let layer, let time, let knowsBeginning):
      map.map(image, layer, pid: pid, at: time, knowsBeginning: knowsBeginning)
      range = image.range
    case .unmap(let start, let size, let layer, let time):
      map.unmap(start, size: size, layer, pid: pid, at: time)
    case .replace(let start, let size, let isSure, let time):
      map.replaceMemory(start, size: size, isSure: isSure, pid: pid, at: time)
    }
    // Where it was put, without making up a process for it.
    let generation =
      map.lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
      ?? map.lives.known(pid)
    let changed = generation?.takeChange() ?? .max
    let from = announcement.isOfProcess ? min(changed, time) : changed
    onChange?(Change(pid: pid, range: range, from: from, isSettled: isSettled))
  }

  // MARK: As a map

  override func processStarted(_ pid: UInt32, parent: UInt32, at time: Int64) {
    take(.start(parent: parent, at: time), pid, at: time)
  }

  override func processRenewed(_ pid: UInt32, at time: Int64) {
    take(.renew(at: time), pid, at: time)
  }

  /// Put in order by when it became known.
  func processFoundRenewed(_ pid: UInt32, at time: Int64, knownAt: Int64) {
    eventTime = knownAt
    processRenewed(pid, at: time)
  }

  override func processStopped(_ pid: UInt32, at time: Int64) {
    take(.stop(at: time), pid, at: time)
  }

  override func load(
    _ code: CodeAnnouncement, _ layer: CodeLayer, pid: UInt32, at time: Int64,
    knowsBeginning: Bool = true
  ) {
    take(.load(code, layer, at: time, knowsBeginning: knowsBeginning), pid, at: time)
  }

  override func unload(
    _ code: CodeAnnouncement, _ layer: CodeLayer, pid: UInt32, at time: Int64
  ) {
    take(.unload(code, layer, at: time), pid, at: time)
  }

  override func move(
    _ code: CodeAnnouncement, from old: UInt64, _ layer: CodeLayer, pid: UInt32, at time: Int64
  ) {
    take(.move(code, from: old, layer, at: time), pid, at: time)
  }

  override func clear(_ layer: CodeLayer, pid: UInt32, at time: Int64) {
    take(.clear(layer, at: time), pid, at: time)
  }

  override func map(
    _ image: CodeAnnouncement, _ layer: CodeLayer, pid: UInt32, at time: Int64,
    knowsBeginning: Bool
  ) {
    take(.map(image, layer, at: time, knowsBeginning: knowsBeginning), pid, at: time)
  }

  override func unmap(
    _ start: UInt64, size: UInt64, _ layer: CodeLayer, pid: UInt32, at time: Int64
  ) {
    take(.unmap(start, size: size, layer, at: time), pid, at: time)
  }

  override func replaceMemory(
    _ start: UInt64, size: UInt64, isSure: Bool, pid: UInt32, at time: Int64
  ) {
    take(.replace(start, size: size, isSure: isSure, at: time), pid, at: time)
  }
}

extension CodeAnnouncement {
  var range: Range<UInt64> { start..<max(start, end) }
}

/// Elements in order of time, and of one time in the order they came.
struct TimeHeap<Element> {
  private struct Item {
    var time: Int64
    var sequence: UInt64
    var pid: UInt32
    var element: Element

    func precedes(_ other: Item) -> Bool {
      (time, sequence) < (other.time, other.sequence)
    }
  }

  private var items: [Item] = []
  private var sequence: UInt64 = 0

  var count: Int { items.count }
  var firstTime: Int64? { items.first?.time }

  func visit(_ body: (Element) -> Void) {
    for item in items { body(item.element) }
  }

  mutating func insert(_ time: Int64, _ pid: UInt32, _ element: Element) {
    items.append(Item(time: time, sequence: sequence, pid: pid, element: element))
    sequence += 1
    var index = items.count - 1
    while index > 0, items[index].precedes(items[(index - 1) / 2]) {
      items.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func popFirst(upTo time: Int64) -> (Int64, UInt32, Element)? {
    guard let first = items.first, first.time <= time else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return (first.time, first.pid, first.element) }
    items[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < items.count && items[child].precedes(items[least]) {
        least = child
      }
      guard least != index else { break }
      items.swapAt(index, least)
      index = least
    }
    return (first.time, first.pid, first.element)
  }
}
