internal import TraceEvents
internal import TraceFormat

/// Reads the events of the threads of requests, in the requests' times.
final class RequestSpans: Pass {
  private let file: TraceFile
  private var lanes: [UInt64: RequestLane] = [:]
  /// The lanes of a thread id: several processes may use it in turn.
  private var lanesOfThread: [UInt32: [UInt64]] = [:]
  private let time: ClosedRange<Int64>
  private let hasSamples: Bool
  private let hasSwitches: Bool
  private var losses = LossWindows()

  /// - Parameter keys: at least one request.
  init(_ keys: some Collection<RequestSplits.Key>, _ file: TraceFile) {
    self.file = file
    hasSamples = file.has(SampledProfile.schema)
    hasSwitches = file.has(ContextSwitch.schema)
    let first = keys.map(\.start).min() ?? 0
    time = first...max(first, keys.map { $0.start.addingClamped($0.duration) }.max() ?? 0)
    for (lane, keys) in Dictionary(grouping: keys, by: { Self.lane($0.pid, $0.thread) }) {
      lanes[lane] = RequestLane(keys)
      lanesOfThread[UInt32(truncatingIfNeeded: lane), default: []].append(lane)
    }
  }

  private static func lane(_ pid: UInt32, _ tid: UInt32) -> UInt64 {
    UInt64(pid) << 32 | UInt64(tid)
  }

  func subscribe(to replay: Replay) {
    var filter = ReplayFilter()
    filter.time = time
    // A thread is woken by events of others.
    if hasSwitches { subscribeToWakeUps(replay, filter) }
    filter.pids = Set(lanes.keys.map { UInt32($0 >> 32) })
    filter.tids = Set(lanesOfThread.keys)
    if hasSwitches { subscribeToSwitches(replay, filter) }
    let kinds = file.eventTypes.map { EventKind($0.schema) }
    replay.onAny(where: filter, fields: .named(["weight"])) { [self, kinds] event in
      update(event.header) { lane in
        switch kinds[event.typeIndex] {
        case .sample(let weight): lane.sampled(event.word(weight), at: event.header.timestamp)
        case .boundary: lane.emitted(event.header)
        case .switch: break
        case .other: lane.met(type: event.typeIndex, at: event.header.timestamp)
        }
      }
    }
  }

  private func subscribeToSwitches(_ replay: Replay, _ filter: ReplayFilter) {
    replay.onLossAhead { [self] in losses.addOfSession($0, in: file) }
    replay.on(ContextSwitch.self, where: filter) { [self] event, header in
      update(header) { $0.switched(event, header) }
    }
  }

  private func subscribeToWakeUps(_ replay: Replay, _ filter: ReplayFilter) {
    replay.on(ReadyThread.self, where: filter) { [self] event, header in
      for lane in lanesOfThread[event.threadID] ?? [] { lanes[lane]?.woken(event, header) }
    }
  }

  private func update(_ header: EventHeader, _ body: (inout RequestLane) -> Void) {
    let key = Self.lane(header.pid, header.tid)
    guard var lane = lanes.removeValue(forKey: key) else { return }
    if hasSwitches { lane.follow(losses) }
    body(&lane)
    lanes[key] = lane
  }

  func finish() -> [RequestSplits.Key: RequestReport.Split] {
    let names = file.eventTypes.map { "\($0.schema.provider).\($0.schema.name)" }
    let splits = lanes.values.flatMap(\.spans).map { ($0.key, split($0, names)) }
    return Dictionary(splits) { first, _ in first }
  }

  private func split(_ span: RequestLane.Span, _ names: [String]) -> RequestReport.Split {
    var split = RequestReport.Split()
    split.cpu_ns = hasSamples ? span.cpu : nil
    split.events = span.counts
      .map { RequestReport.EventCount(event: names[$0.key], count: $0.value) }
      .sorted { ($1.count, $0.event) < ($0.count, $1.event) }
    if let times = span.times, !losses.anyLoss(0, span.from, span.to) {
      split.states = RequestReport.States(
        running_ns: times.running_ns, runnable_ns: times.runnable_ns,
        blocked_ns: times.blocked_ns)
    }
    return split
  }
}

/// What an event means for a request.
private enum EventKind {
  /// A CPU sample, and the position of its weight.
  case sample(Int)
  /// The start or the stop of an activity.
  case boundary
  case `switch`
  case other

  init(_ schema: EventSchema) {
    let weight = schema.fields.firstIndex { $0.name == "weight" }
    switch (schema.provider, schema.id) {
    case (SystemSchema.providerName, SampledProfile.eventID):
      self = weight.map(EventKind.sample) ?? .other
    case (SystemSchema.providerName, ContextSwitch.eventID): self = .switch
    default: self = ActivityType(schema) == nil ? .other : .boundary
    }
  }
}

extension TraceFile {
  /// Whether the file has events of a type.
  func has(_ schema: EventSchema) -> Bool {
    eventTypes.contains {
      $0.schema.provider == schema.provider && $0.schema.id == schema.id && $0.count > 0
    }
  }
}
