internal import TraceEvents
internal import TraceFormat

/// One thread during the slowest requests that it carried.
struct RequestLane {
  /// A request and what has been found of it.
  struct Span {
    let key: RequestSplits.Key
    var cpu: UInt64 = 0
    /// Number of events by type.
    var counts: [Int: UInt64] = [:]
    /// The thread's times when the request began, and what it added to them.
    fileprivate var before: ThreadReport.Times?
    fileprivate(set) var times: ThreadReport.Times?

    var from: Int64 { key.start }
    var to: Int64 { key.start.addingClamped(key.duration) }

    init(_ key: RequestSplits.Key) { self.key = key }
  }

  /// In the order of their beginnings.
  private(set) var spans: [Span]
  /// Number of spans that have begun.
  private var begun = 0
  /// Those of them that have not ended.
  private var active: [Int] = []
  /// Follows the thread's states; losses are known before the first event.
  private var book: ThreadBook?

  init(_ keys: [RequestSplits.Key]) {
    spans = keys.sorted { ($0.start, $0.duration) < ($1.start, $1.duration) }.map(Span.init)
  }

  // MARK: Events

  /// Takes a sample of the thread, with the CPU time that it stands for.
  mutating func sampled(_ weight: UInt64, at time: Int64) {
    advance(to: time)
    for index in active { spans[index].cpu = spans[index].cpu.addingClamped(weight) }
  }

  /// Takes another event of the thread.
  mutating func met(type: Int, at time: Int64) {
    advance(to: time)
    for index in active { spans[index].counts[type, default: 0] += 1 }
  }

  /// Takes an event that the thread emitted, so that it runs: perhaps the start or the stop of a
  /// request.
  mutating func emitted(_ header: EventHeader) {
    advance(to: header.timestamp)
    guard book != nil else { return }
    for index in active where spans[index].before == nil { book?.executed(header) }
    guard let now = times(at: header.timestamp) else { return }
    for index in active {
      if spans[index].before == nil { spans[index].before = now }
      guard spans[index].to == header.timestamp, let before = spans[index].before else { continue }
      spans[index].times = now.since(before)
    }
  }

  mutating func switched(_ event: ContextSwitch, _ header: EventHeader) {
    advance(to: header.timestamp)
    book?.switched(event, header)
  }

  mutating func woken(_ event: ReadyThread, _ header: EventHeader) {
    book?.woken(event, header)
  }

  /// Begins to follow the thread's states.
  mutating func follow(_ losses: LossWindows) {
    guard book == nil else { return }
    book = ThreadBook(ThreadFilter())
    book?.losses = losses
  }

  /// Moves to a time; times never decrease.
  private mutating func advance(to time: Int64) {
    while begun < spans.count, spans[begun].from <= time {
      active.append(begun)
      begun += 1
    }
    active.removeAll { spans[$0].to < time }
  }

  /// The thread's times up to now; nil unless it is known to run.
  private func times(at time: Int64) -> ThreadReport.Times? {
    guard let track = book?.tracks.last, track.state == .running else { return nil }
    var times = track.times
    times.running_ns = times.running_ns.addingClamped(
      UInt64(clamping: time.subtractingClamped(track.since)))
    return times
  }
}

extension ThreadReport.Times {
  /// Returns what has been added since an earlier time.
  fileprivate func since(_ before: Self) -> Self {
    var times = Self()
    times.running_ns = running_ns - min(before.running_ns, running_ns)
    times.runnable_ns = runnable_ns - min(before.runnable_ns, runnable_ns)
    times.blocked_ns = blocked_ns - min(before.blocked_ns, blocked_ns)
    times.unknown_ns = unknown_ns - min(before.unknown_ns, unknown_ns)
    return times
  }
}
