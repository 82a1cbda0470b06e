internal import TraceEvents
internal import TraceFormat

/// Sums up waits by process, reason and the names of their stacks' frames.
struct WaitPlaces {
  private struct PlaceKey: Hashable {
    var process: UInt32
    var reason: WaitReason
    var frames: [FrameID]
  }

  /// Waits at equal frames.
  private struct Place {
    var wait: ThreadReport.Wait
    var tracks: Set<UInt32> = []
    var wakers: [WakerKey: ThreadReport.Waker] = [:]

    mutating func add(_ record: WaitRecord) {
      wait.count &+= record.count
      wait.total_ns = wait.total_ns.addingClamped(record.total)
      wait.max_ns = max(wait.max_ns, record.longest)
      tracks.insert(record.key.track)
    }
  }

  private struct WakerKey: Hashable {
    var context: UInt8
    var tid: UInt32
    var process: UInt32
    var frames: [FrameID]
  }

  /// Reasons of each track's waits.
  private(set) var reasons: [UInt32: [WaitReason: ThreadReport.Reason]] = [:]
  private let book: ThreadBook
  private var owners: ThreadOwners
  private var stacks: WaitStacks?
  private var places: [(key: PlaceKey, value: Place)] = []
  /// Positions in ``places``.
  private var placeNumbers: [PlaceKey: Int] = [:]
  private var placeOfWait: [Int] = []

  init(_ book: ThreadBook, _ owners: ThreadOwners, _ stacks: WaitStacks?) {
    (self.book, self.owners, self.stacks) = (book, owners, stacks)
    for wait in book.tally.waits { add(wait) }
    for waker in book.tally.wakers { add(waker) }
  }

  mutating func named(
    _ stack: UInt32, _ state: ThreadState, process index: UInt32, at time: Int64
  ) -> WaitStacks.Named {
    let process = owners.process(index, at: time)
    return stacks?.named(stack, state, of: process, at: time)
      ?? WaitStacks.Named(reason: WaitReason.of(state) ?? .unknown)
  }

  private mutating func add(_ record: WaitRecord) {
    let index = book.tracks[Int(record.key.track)].processIndex
    let named = named(
      record.key.stack, ThreadState(rawValue: record.key.state), process: index, at: record.time)
    let key = PlaceKey(process: index, reason: named.reason, frames: named.frames)
    let place = placeNumbers[key] ?? places.count
    if place == places.count {
      placeNumbers[key] = place
      let wait = ThreadReport.Wait(
        reason: key.reason, count: 0, total_ns: 0, max_ns: 0, threads: 0, frames: [], wakers: [])
      places.append((key, Place(wait: wait)))
    }
    placeOfWait.append(place)
    places[place].value.add(record)
    reasons[record.key.track, default: [:]][key.reason, default: .none(key.reason)].add(
      record.count, record.total, record.longest)
  }

  private mutating func add(_ waker: WakerRecord) {
    let place = placeOfWait[Int(waker.key.wait)]
    let owner = waker.key.process
    let isThread = waker.key.context == WakeContext.thread.rawValue
    var frames = named(waker.key.stack, .unknown, process: owner, at: waker.time).frames
    if !isThread { frames = stacks?.ofInterrupt(frames) ?? [] }
    // Which thread an interrupt interrupts is of no meaning.
    let key = WakerKey(
      context: waker.key.context, tid: isThread ? waker.key.tid : 0,
      process: isThread ? owner : 0, frames: frames)
    var sum = places[place].value.wakers[key] ?? self.waker(key, at: waker.time)
    sum.count &+= waker.count
    sum.total_ns = sum.total_ns.addingClamped(waker.total)
    places[place].value.wakers[key] = sum
  }

  private func waker(_ key: WakerKey, at time: Int64) -> ThreadReport.Waker {
    let (name, pid) = owners.named(key.tid, ofProcess: key.process, at: time)
    return ThreadReport.Waker(
      context: WakeContext(rawValue: key.context).text, tid: key.tid, pid: pid, name: name,
      count: 0, total_ns: 0, frames: [])
  }

  /// Returns the waits of each process, longest total first, and whether any process has more.
  func waits(limit: Int) -> (waits: [UInt32: [ThreadReport.Wait]], areCut: Bool) {
    let own = Dictionary(grouping: places, by: \.key.process)
    let waits = own.mapValues { places in
      places.sorted(by: isBefore).prefix(limit).map { wait($0.key, $0.value) }
    }
    return (waits, own.values.contains { $0.count > limit })
  }

  /// Longest total first. Names decide between equal waits, so that the order is always the same.
  private func isBefore(
    _ one: (key: PlaceKey, value: Place), _ other: (key: PlaceKey, value: Place)
  ) -> Bool {
    let (a, b) = (one.value.wait, other.value.wait)
    if a.total_ns != b.total_ns { return a.total_ns > b.total_ns }
    if a.count != b.count { return a.count > b.count }
    if a.reason != b.reason { return a.reason.rawValue < b.reason.rawValue }
    func names(_ key: PlaceKey) -> [String] { (stacks?.frames(key.frames) ?? []).map(\.name) }
    return names(one.key).lexicographicallyPrecedes(names(other.key))
  }

  /// Completes a place: only what is reported gets frames.
  private func wait(_ key: PlaceKey, _ place: Place) -> ThreadReport.Wait {
    var wait = place.wait
    wait.threads = place.tracks.count
    wait.frames = stacks?.frames(key.frames) ?? []
    wait.wakers = place.wakers
      .sorted { a, b in
        (b.value.total_ns, b.value.count, a.value.tid)
          < (a.value.total_ns, a.value.count, b.value.tid)
      }
      .prefix(ThreadReport.Wait.wakersMax)
      .map { key, waker in
        var waker = waker
        waker.frames = stacks?.frames(key.frames) ?? []
        return waker
      }
    return wait
  }
}

extension WakeContext {
  /// What woke a thread, in words.
  var text: String {
    switch self {
    case .thread: "thread"
    case .softInterrupt: "soft interrupt"
    case .interrupt: "interrupt"
    default: "unknown"
    }
  }
}
