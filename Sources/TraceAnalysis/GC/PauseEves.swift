internal import TraceEvents
internal import TraceFormat

/// Finds what the threads of a process did just before its longest pauses, in a run over the events
/// in those times.
final class PauseEves: Pass {
  /// Maximum number of pauses that are looked at, of all processes, and of threads kept for each.
  private static let pausesMax = 10
  private static let tracksMax = 10_000
  /// Maximum number of events about code that are read to name stacks.
  private static let codeEventsMax: UInt64 = 20_000

  /// What a thread did.
  private struct Track {
    var cpu: UInt64 = 0
    var counts: [Int: UInt64] = [:]
    var last: Int64 = 0
    /// Of its last event with a stack.
    var stack = StackID.none
    var stackTime: Int64 = 0

    var count: UInt64 { counts.values.reduce(0, +) }
  }

  /// The time before a pause.
  private struct Eve {
    let process: Int
    let pause: Int
    let pid: UInt32
    let time: ClosedRange<Int64>
    var tracks: [UInt32: Track] = [:]
  }

  private let file: TraceFile
  private let names = ThreadNames()
  private var eves: [Eve] = []
  private let sampleTypes: [Bool]

  /// Completes the longest pauses of `processes`.
  static func add(
    to processes: inout [GCReport.Process], _ file: TraceFile, _ symbols: SymbolizerOptions
  ) throws {
    let eves = PauseEves(processes, file)
    guard !eves.eves.isEmpty else { return }
    try file.run(eves)
    var stacks: NamedStacks?
    var history: ProcessHistory?
    if eves.hasStacks, codeEvents(in: file) <= codeEventsMax {
      let symbolizer = Symbolizer(file, options: symbols)
      try file.run(symbolizer)
      stacks = NamedStacks(symbolizer.finish(), file)
      history = symbolizer.processes.finish()
    }
    for eve in eves.eves {
      processes[eve.process].longestPauses[eve.pause].before = eves.threads(
        eve, &stacks, history)
    }
  }

  private init(_ processes: [GCReport.Process], _ file: TraceFile) {
    self.file = file
    sampleTypes = file.eventTypes.map {
      $0.schema.provider == SystemSchema.providerName && $0.schema.id == SampledProfile.eventID
    }
    var found: [(eve: Eve, length: UInt64)] = []
    for (process, row) in processes.enumerated() {
      for (position, pause) in row.longestPauses.enumerated() {
        let from = pause.start_ns.subtractingClamped(Int64(GCReport.Pause.before_ns))
        let to = max(from, pause.start_ns.subtractingClamped(1))
        let eve = Eve(process: process, pause: position, pid: row.pid, time: from...to)
        found.append((eve, pause.duration_ns))
      }
    }
    found.sort { ($1.length, $0.eve.time.lowerBound) < ($0.length, $1.eve.time.lowerBound) }
    eves = found.prefix(Self.pausesMax).map(\.eve)
  }

  private static func codeEvents(in file: TraceFile) -> UInt64 {
    let code = [
      MethodLoad.schema, MethodUnload.schema, MethodMove.schema, SymbolLoad.schema,
      CodeLoad.schema,
    ]
    return file.eventTypes.reduce(0) { sum, type in
      let isCode = code.contains {
        $0.provider == type.schema.provider && $0.id == type.schema.id
      }
      return isCode ? sum &+ type.count : sum
    }
  }

  private var hasStacks: Bool {
    eves.contains { $0.tracks.values.contains { $0.stack != .none } }
  }

  func subscribe(to replay: Replay) {
    names.subscribe(to: replay)
    let weights = file.eventTypes.map { type in
      type.schema.fields.firstIndex { $0.name == "weight" }
    }
    for index in eves.indices {
      var filter = ReplayFilter()
      filter.time = eves[index].time
      filter.pids = [eves[index].pid]
      replay.onAny(where: filter, fields: .named(["weight"])) { [self, weights] event in
        let header = event.header
        guard !header.flags.contains(.rundown), event.typeIndex < sampleTypes.count,
          eves[index].tracks[header.tid] != nil || eves[index].tracks.count < Self.tracksMax
        else { return }
        var track = eves[index].tracks.removeValue(forKey: header.tid) ?? Track()
        if sampleTypes[event.typeIndex], let weight = weights[event.typeIndex] {
          track.cpu = track.cpu.addingClamped(event.word(weight))
        }
        track.counts[event.typeIndex, default: 0] += 1
        track.last = header.timestamp
        if header.stack != .none {
          (track.stack, track.stackTime) = (header.stack, header.timestamp)
        }
        eves[index].tracks[header.tid] = track
      }
    }
  }

  func finish() {}

  /// The threads that used most CPU time, then those with most events.
  private func threads(
    _ eve: Eve, _ stacks: inout NamedStacks?, _ history: ProcessHistory?
  ) -> [GCReport.ThreadBefore] {
    let types = file.eventTypes
    let sorted = eve.tracks.map { (tid: $0.key, track: $0.value, count: $0.value.count) }
      .sorted { ($1.track.cpu, $1.count, $0.tid) < ($0.track.cpu, $0.count, $1.tid) }
    let hasSamples = zip(types, sampleTypes).contains { $0.count > 0 && $1 }
    return sorted.prefix(GCReport.Pause.threadsMax).map { tid, track, _ in
      let events = track.counts.map {
        GCReport.EventCount(
          event: "\(types[$0.key].schema.provider).\(types[$0.key].schema.name)",
          count: $0.value)
      }.sorted { ($1.count, $0.event) < ($0.count, $1.event) }
      var frames: [StackFrame] = []
      if track.stack != .none, let process = history?.process(eve.pid, at: track.stackTime) {
        frames = stacks?.stackFrames(track.stack, of: process, at: track.stackTime) ?? []
      }
      return GCReport.ThreadBefore(
        tid: tid, name: names.name(of: tid, pid: eve.pid, at: track.last).name ?? "",
        cpu_ns: hasSamples ? track.cpu : nil, events: events, last_ns: track.last, frames: frames)
    }
  }
}
