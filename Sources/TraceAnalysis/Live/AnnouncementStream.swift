/// Code announcements of a growing trace, kept in two maps: one in order of arrival, one in order
/// of time.
///
/// Streams of a trace are not in order with each other, and the order of announcements determines
/// which code was where. Each announcement is therefore added immediately to ``early``, which is
/// used for times in the hold window, and later, in order of its time when the window has passed
/// it, to ``settled``, which then equals the whole file's map up to that time.
///
/// - Guarantee: if no announcement is later than the window, ``settled`` receives the same
///   announcements in the same order as the map of a file read as a whole.
/// - Cost: two maps; at most ``waitingMax`` waiting announcements.
final class AnnouncementStream: CodeMap {
  let early: CodeMap
  let settled: CodeMap
  /// Maximum number of waiting announcements; beyond that, the earliest ones are settled as if the
  /// window had passed.
  static let waitingMax = 1 << 18
  /// The time of the announcing event, if the announced change was earlier.
  var eventTime: Int64?
  /// The effect of an announcement: the changed range of a process (nil for the whole process), and
  /// the time from which it changed.
  struct Change {
    var pid: UInt32
    var range: Range<UInt64>?
    var from: Int64
    var isSettled: Bool
  }

  /// Called after a change of the early or the settled map.
  var onChange: ((Change) -> Void)?
  /// Called with an announcement's time before it is added.
  var onTime: ((Int64) -> Void)?
  /// Called after an announcement was added.
  var onTaken: (() -> Void)?
  private var waiting = TimeHeap<Announcement>()
  /// Processes whose address spaces were inherited by others.
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

    /// The time of the announced change.
    var time: Int64 {
      switch self {
      case .start(_, let time), .renew(let time), .stop(let time), .load(_, _, let time, _),
        .unload(_, _, let time), .move(_, _, _, let time), .clear(_, let time),
        .map(_, _, let time, _), .unmap(_, _, _, let time), .replace(_, _, _, let time):
        time
      }
    }

    /// Whether a process begins, ends or runs another program.
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

  /// Calls `body` with the code of each waiting announcement.
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

  /// Records the trace's current time, and settles announcements that are `hold` older.
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
    // Time advances first: lookups settled by it were made before this announcement.
    onTime?(order)
    tell(announcement, pid, to: early, isSettled: false)
    // An announcement later than the window is added to the settled map out of order.
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
    // The generation that contains the change, without creating one.
    let generation =
      map.lives.generation(pid, at: time, edge: options.clockEdgeNanoseconds)
      ?? map.lives.known(pid)
    let changed = generation?.takeChange() ?? .max
    let from = announcement.isOfProcess ? min(changed, time) : changed
    onChange?(Change(pid: pid, range: range, from: from, isSettled: isSettled))
  }

  // MARK: CodeMap

  override func processStarted(_ pid: UInt32, parent: UInt32, at time: Int64) {
    take(.start(parent: parent, at: time), pid, at: time)
  }

  override func processRenewed(_ pid: UInt32, at time: Int64) {
    take(.renew(at: time), pid, at: time)
  }

  /// Ordered by the time at which it became known.
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

/// A heap of elements in order of time; elements with the same time are in order of insertion.
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
