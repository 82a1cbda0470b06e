internal import TraceEvents
internal import TraceFormat

/// Sums up the tracks of a ``ThreadBook`` by process, and names what they contain.
struct ThreadSummary {
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
  }

  private struct WakerKey: Hashable {
    var context: UInt8
    var tid: UInt32
    var process: UInt32
    var frames: [FrameID]
  }

  private var book: ThreadBook
  private let file: TraceFile
  private let history: ProcessHistory
  private let names: ThreadNames
  private var stacks: WaitStacks?
  private let selection: ReportSelection
  /// The reported processes by the trace's number.
  private var found: [UInt32: ThreadReport.Process] = [:]
  private var resolved: [UInt32: ResolvedProcess] = [:]
  /// Reasons of each track's waits.
  private var reasons: [UInt32: [WaitReason: ThreadReport.Reason]] = [:]
  private var places: [PlaceKey: Place] = [:]
  private var placeOfWait: [PlaceKey?] = []
  private var hasMoreWaits = false

  init(
    _ book: ThreadBook, _ file: TraceFile, _ history: ProcessHistory, _ names: ThreadNames,
    _ stacks: WaitStacks?, _ selection: ReportSelection
  ) {
    (self.book, self.file, self.history, self.names) = (book, file, history, names)
    (self.stacks, self.selection) = (stacks, selection)
  }

  /// Returns the processes with selected threads, in the order of their ids.
  mutating func processes() -> [ThreadReport.Process] {
    close()
    placeWaits()
    placeWakers()
    addThreads()
    for (index, own) in Dictionary(grouping: places, by: \.key.process) where found[index] != nil {
      if own.count > ThreadReport.Process.waitsMax { hasMoreWaits = true }
      let first = own.sorted(by: isBefore).prefix(ThreadReport.Process.waitsMax)
      let waits = first.map { wait($0.key, $0.value) }
      found[index]?.waits = waits
    }
    for index in found.keys { finish(index) }
    return found.values.filter { !$0.threads.isEmpty }
      .sorted { ($0.pid, $0.from_ns) < ($1.pid, $1.from_ns) }
  }

  /// Whether a limit was reached.
  var isCut: Bool { book.isCut || hasMoreWaits }

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

  /// Ends all tracks, and creates their processes.
  private mutating func close() {
    let spans = ProcessSpans(file, nil)
    let selected = ProcessSpans(file, selection.time)
    for (number, track) in book.tracks.enumerated() {
      let span = spans.span(ofProcess: track.processIndex, firstEvent: track.firstEvent)
      book.close(number, at: span.to, processEnded: span.hasEnded)
      guard resolved[track.processIndex] == nil else { continue }
      let pid = file.process(index: track.processIndex)?.pid ?? 0
      let process = history.process(pid, at: track.firstEvent)
      resolved[track.processIndex] = process
      guard selection.admits(process) else { continue }
      let shown = selected.span(ofProcess: track.processIndex, firstEvent: track.firstEvent)
      found[track.processIndex] = ThreadReport.Process(
        covered: CoveredProcess(
          pid: pid, name: process.name, from_ns: shown.from, to_ns: shown.to,
          hasEnded: shown.hasEnded))
    }
  }

  private func process(ofTrack track: UInt32) -> UInt32 {
    book.tracks[Int(track)].processIndex
  }

  private mutating func named(
    _ stack: UInt32, _ state: ThreadState, process index: UInt32, at time: Int64
  ) -> WaitStacks.Named {
    let none = WaitStacks.Named(frames: [], reason: .unknown)
    var named = none
    if stack != StackID.none.rawValue, let process = resolved[index] {
      named = stacks?.named(stack, of: process, index: index, at: time) ?? none
    }
    // The state decides where it alone can.
    if state == .stopped || state == .traced { named.reason = .signal }
    return named
  }

  // MARK: Waits

  private mutating func placeWaits() {
    for wait in book.waits {
      let index = process(ofTrack: wait.key.track)
      guard found[index] != nil else {
        placeOfWait.append(nil)
        continue
      }
      let named = named(
        wait.key.stack, ThreadState(rawValue: wait.key.state), process: index, at: wait.time)
      let key = PlaceKey(process: index, reason: named.reason, frames: named.frames)
      placeOfWait.append(key)
      add(wait, to: key)
    }
  }

  private mutating func add(_ record: WaitRecord, to key: PlaceKey) {
    var place =
      places.removeValue(forKey: key)
      ?? Place(
        wait: ThreadReport.Wait(
          reason: key.reason, count: 0, total_ns: 0, max_ns: 0, threads: 0, frames: [],
          wakers: []))
    place.wait.count &+= record.count
    place.wait.total_ns = place.wait.total_ns.addingClamped(record.total)
    place.wait.max_ns = max(place.wait.max_ns, record.longest)
    place.tracks.insert(record.key.track)
    places[key] = place
    let none = ThreadReport.Reason(reason: key.reason, count: 0, total_ns: 0, max_ns: 0)
    reasons[record.key.track, default: [:]][key.reason, default: none].add(
      record.count, record.total, record.longest)
  }

  private mutating func placeWakers() {
    for waker in book.wakers {
      guard let place = placeOfWait[Int(waker.key.wait)] else { continue }
      let owner = waker.key.process
      if resolved[owner] == nil, let pid = file.process(index: owner)?.pid {
        resolved[owner] = history.process(pid, at: waker.time)
      }
      if resolved[owner] == nil { resolved[owner] = history.process(0, at: waker.time) }
      let isThread = waker.key.context == WakeContext.thread.rawValue
      var frames = named(waker.key.stack, .unknown, process: owner, at: waker.time).frames
      if !isThread { frames = stacks?.ofInterrupt(frames) ?? [] }
      // Which thread an interrupt interrupts is of no meaning.
      let key = WakerKey(
        context: waker.key.context, tid: isThread ? waker.key.tid : 0,
        process: isThread ? owner : 0, frames: frames)
      var sum = places[place]?.wakers[key] ?? self.waker(key, at: waker.time)
      sum.count &+= waker.count
      sum.total_ns = sum.total_ns.addingClamped(waker.total)
      places[place]?.wakers[key] = sum
    }
  }

  private func waker(_ key: WakerKey, at time: Int64) -> ThreadReport.Waker {
    let pid = file.process(index: key.process)?.pid ?? 0
    let owner = history.process(pid, at: time)
    return ThreadReport.Waker(
      context: WakeContext(rawValue: key.context).text, tid: key.tid, pid: pid,
      name: names.name(of: key.tid, pid: pid, at: time).name ?? names.name(of: key.tid, in: owner)
        ?? (key.tid == pid && pid != 0 ? owner.name : ""),
      count: 0, total_ns: 0, frames: [])
  }

  // MARK: Threads

  private mutating func addThreads() {
    for (number, track) in book.tracks.enumerated() {
      guard found[track.processIndex] != nil, track.times != ThreadReport.Times() else { continue }
      let span = selection.time ?? .min ... .max
      let thread = ThreadReport.Thread(
        tid: track.tid, name: name(number), from_ns: max(track.from, span.lowerBound),
        to_ns: min(track.until ?? track.since, span.upperBound), times: track.times,
        reasons: Self.sorted(reasons[UInt32(number)]))
      found[track.processIndex]?.threads.append(thread)
      found[track.processIndex]?.times.add(track.times)
    }
    for single in book.open {
      let index = process(ofTrack: single.track)
      guard found[index] != nil else { continue }
      let reason = named(single.stack.rawValue, single.state, process: index, at: single.start)
        .reason
      let open = ThreadReport.Open(
        tid: book.tracks[Int(single.track)].tid, name: name(Int(single.track)),
        start_ns: single.start, reason: reason, cause: single.cause)
      found[index]?.open.append(open)
    }
  }

  private func name(_ number: Int) -> String {
    let track = book.tracks[number]
    guard let process = resolved[track.processIndex] else { return "" }
    let last = track.until ?? track.since
    return names.name(of: track.tid, pid: process.pid, at: last).name
      ?? (track.tid == process.pid ? process.name : "")
  }

  private static func sorted(
    _ reasons: [WaitReason: ThreadReport.Reason]?
  ) -> [ThreadReport.Reason] {
    (reasons ?? [:]).values.sorted {
      ($1.total_ns, $0.reason.rawValue) < ($0.total_ns, $1.reason.rawValue)
    }
  }

  /// Sorts a process's lists, and sums up its reasons.
  private mutating func finish(_ index: UInt32) {
    guard var process = found[index] else { return }
    var sums: [WaitReason: ThreadReport.Reason] = [:]
    for reason in process.threads.flatMap(\.reasons) {
      let none = ThreadReport.Reason(reason: reason.reason, count: 0, total_ns: 0, max_ns: 0)
      sums[reason.reason, default: none].add(reason.count, reason.total_ns, reason.max_ns)
    }
    process.reasons = Self.sorted(sums)
    process.threads.sort {
      ($1.times.running_ns, $1.times.life_ns, $0.tid, $0.from_ns)
        < ($0.times.running_ns, $0.times.life_ns, $1.tid, $1.from_ns)
    }
    process.longest = (book.longest[index] ?? []).map { single in
      ThreadReport.LongWait(
        tid: book.tracks[Int(single.track)].tid, name: name(Int(single.track)),
        start_ns: single.start, wait_ns: single.duration,
        reason: named(single.stack.rawValue, single.state, process: index, at: single.start).reason)
    }
    process.open.sort { ($0.start_ns, $0.tid) < ($1.start_ns, $1.tid) }
    process.openCount = book.openCounts[index] ?? 0
    found[index] = process
  }
}

extension ThreadReport.Reason {
  fileprivate mutating func add(_ count: UInt64, _ total: UInt64, _ longest: UInt64) {
    self.count &+= count
    total_ns = total_ns.addingClamped(total)
    max_ns = max(max_ns, longest)
  }
}

extension WakeContext {
  fileprivate var text: String {
    switch self {
    case .thread: "thread"
    case .softInterrupt: "soft interrupt"
    case .interrupt: "interrupt"
    default: "unknown"
    }
  }
}
