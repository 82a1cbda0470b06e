internal import TraceEvents
internal import TraceFormat

/// Finds what happened during the slowest requests, in a run over the events in their times.
final class RequestSplits: Pass {
  /// A request whose start and stop are of one thread.
  private struct Span {
    let process: Int
    let request: Int
    let from: Int64
    let to: Int64
    var cpu: UInt64 = 0
    var counts: [Int: UInt64] = [:]
  }

  /// The spans of one thread.
  private struct Lane {
    /// In the order of their beginnings.
    var spans: [Span] = []
    /// Number of spans that have begun.
    var begun = 0
    /// Those of them that have not ended.
    var active: [Int] = []

    /// Moves to a time; times never decrease.
    mutating func advance(to time: Int64) {
      while begun < spans.count, spans[begun].from <= time {
        active.append(begun)
        begun += 1
      }
      active.removeAll { spans[$0].to < time }
    }
  }

  private let file: TraceFile
  private var lanes: [UInt64: Lane] = [:]
  private let hasSamples: Bool

  /// Completes the requests of `processes`.
  static func add(to processes: inout [RequestReport.Process], _ file: TraceFile) throws {
    let splits = RequestSplits(processes, file)
    guard !splits.lanes.isEmpty else { return }
    try file.run(splits)
    for (process, request, split) in splits.finish() {
      processes[process].slowest[request].split = split
    }
  }

  private init(_ processes: [RequestReport.Process], _ file: TraceFile) {
    self.file = file
    hasSamples = file.eventTypes.contains { $0.schema.isSample && $0.count > 0 }
    for (process, summary) in processes.enumerated() {
      for (position, request) in summary.slowest.enumerated()
      where request.startThread == request.stopThread {
        let span = Span(
          process: process, request: position, from: request.start_ns,
          to: request.start_ns.addingClamped(request.duration_ns))
        lanes[Self.key(summary.pid, request.startThread), default: Lane()].spans.append(span)
      }
    }
    for key in lanes.keys { lanes[key]?.spans.sort { $0.from < $1.from } }
  }

  private static func key(_ pid: UInt32, _ tid: UInt32) -> UInt64 {
    UInt64(pid) << 32 | UInt64(tid)
  }

  func subscribe(to replay: Replay) {
    let spans = lanes.values.flatMap(\.spans)
    guard let first = spans.map(\.from).min(), let last = spans.map(\.to).max() else { return }
    var filter = ReplayFilter()
    filter.time = first...last
    filter.pids = Set(lanes.keys.map { UInt32($0 >> 32) })
    filter.tids = Set(lanes.keys.map { UInt32(truncatingIfNeeded: $0) })
    let types = file.eventTypes
    let weights = types.map { type in
      type.schema.isSample ? type.schema.fields.firstIndex { $0.name == "weight" } : nil
    }
    let isBoundary = types.map { ActivityType($0.schema) != nil }
    replay.onAny(where: filter, fields: .named(["weight"])) { [self, weights, isBoundary] event in
      let header = event.header
      let key = Self.key(header.pid, header.tid)
      guard var lane = lanes.removeValue(forKey: key) else { return }
      lane.advance(to: header.timestamp)
      for index in lane.active {
        if let weight = weights[event.typeIndex] {
          lane.spans[index].cpu = lane.spans[index].cpu.addingClamped(event.word(weight))
        } else if !isBoundary[event.typeIndex] {
          lane.spans[index].counts[event.typeIndex, default: 0] += 1
        }
      }
      lanes[key] = lane
    }
  }

  func finish() -> [(process: Int, request: Int, RequestReport.Split)] {
    let names = file.eventTypes.map { "\($0.schema.provider).\($0.schema.name)" }
    return lanes.values.flatMap(\.spans).map { span in
      let events = span.counts
        .map { RequestReport.EventCount(event: names[$0.key], count: $0.value) }
        .sorted { ($1.count, $0.event) < ($0.count, $1.event) }
      return (
        span.process, span.request,
        RequestReport.Split(cpu_ns: hasSamples ? span.cpu : nil, gcPause_ns: nil, events: events)
      )
    }
  }
}

extension EventSchema {
  fileprivate var isSample: Bool {
    provider == SystemSchema.providerName && id == SampledProfile.eventID
  }
}
