public import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// A trace in Perfetto's protobuf format.
///
/// - Samples are perf samples with interned stacks, whose timebase counts what the samples add up.
/// - Context switches are switches of the scheduler; between the slices of recorded threads, a CPU
///   shows nothing.
/// - Other events are instants of their thread, with their fields as arguments; counters are
///   tracks.
public struct PerfettoExport: Renderer {
  public let format = OutputFormat(
    "perfetto", fileExtensions: ["perfetto-trace", "pftrace", "perfetto"],
    summary: "ui.perfetto.dev")

  public init() {}

  /// Writes the whole trace.
  ///
  /// - Cost: memory for the threads and the numbers of stacks; packets are written one by one.
  public func render(
    _ timeline: TraceTimeline, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    try withUnsafeMutablePointer(to: &output) { output in
      try withPlaced(PerfettoWriter(timeline, output)) { writer in
        writer.pointee.writeHeading(timeline.profile)
        try timeline.deliver(to: writer)
        writer.pointee.write(samplesOf: timeline)
      }
    }
  }
}

/// Writes the packets of a trace.
struct PerfettoWriter: ~Copyable, TimelineWriter {
  /// Fields of TracePacket.
  enum Field {
    static let processTree: UInt64 = 2
    static let clocks: UInt64 = 6
    static let time: UInt64 = 8
    static let sequence: UInt64 = 10
    static let event: UInt64 = 11
    static let interned: UInt64 = 12
    static let flags: UInt64 = 13
    static let ftrace: UInt64 = 1
    static let defaults: UInt64 = 59
    static let track: UInt64 = 60
    static let sample: UInt64 = 66
  }

  /// The track of what belongs to no recorded process.
  private static let globalTrack: UInt64 = 1

  private let output: UnsafeMutablePointer<OutputBuffer>
  /// Monotonic time of the trace's start.
  private let start: UInt64
  private let isTime: Bool
  private var arguments: PerfettoArguments
  /// Category and name of the events of each type.
  private let headings: [ProtobufMessage]
  private var tracks: [UInt64: UInt64] = [:]
  private var processTracks: [UInt32: UInt64] = [:]
  private var counterTracks: [String: UInt64] = [:]
  private var trackCount = globalTrack
  private var commands: [UInt64: String] = [:]
  private var cpus = PerfettoCPUs()
  /// Sum of the weights on each CPU, by its number.
  private var sums: [UInt64] = []
  private var packet = ProtobufMessage()
  private var part = ProtobufMessage()
  private var detail = ProtobufMessage()

  init(_ timeline: TraceTimeline, _ output: UnsafeMutablePointer<OutputBuffer>) {
    self.output = output
    start = timeline.profile.session.start.monotonicNanoseconds
    isTime = timeline.profile.stacks.unit == .cpuTime
    arguments = PerfettoArguments(timeline.eventTypes)
    headings = timeline.eventTypes.map { type in
      var heading = ProtobufMessage()
      heading.field(22, text: exported(type.schema.provider))
      heading.field(23, text: exported(type.schema.name))
      return heading
    }
  }

  var hasFailed: Bool { output.pointee.failure != 0 }

  // MARK: Packets

  private mutating func begin(at time: Int64?) {
    packet.clear()
    packet.field(Field.sequence, 1)
    packet.field(Field.flags, 2)
    guard let time else { return }
    packet.field(Field.time, UInt64(clamping: Int64(clamping: start) &+ time))
  }

  private mutating func end() {
    detail.clear()
    detail.field(1, packet)
    detail.withBytes { output.pointee.append(ByteSlice($0)) }
  }

  /// Writes the clocks, and what holds for all samples.
  mutating func writeHeading(_ profile: StackProfile) {
    packet.clear()
    packet.field(Field.sequence, 1)
    packet.field(Field.flags, 1)
    part.clear()
    // The trace has no boot time, which is the clock of Perfetto's traces: it is given the value of
    // the monotonic clock, from which it differs by the time that the machine was suspended.
    let realtime = profile.session.start.realtimeNanoseconds
    for (clock, time) in [(6, start), (3, start), (1, realtime)] as [(UInt64, UInt64)] {
      detail.clear()
      detail.field(1, clock)
      detail.field(2, time)
      part.field(1, detail)
    }
    packet.field(Field.clocks, part)
    end()
    begin(at: nil)
    // TracePacketDefaults.perf_sample_defaults.timebase
    var timebase = ProtobufMessage()
    if isTime { timebase.field(4, 1) }
    timebase.field(1, max(1, min(profile.stacks.totals.usualWeight, UInt64(Int64.max))))
    timebase.field(
      10, text: isTime ? "cpu-clock" : profile.stacks.eventNames.joined(separator: ","))
    var samples = ProtobufMessage()
    samples.field(1, timebase)
    part.clear()
    part.field(12, samples)
    packet.field(Field.defaults, part)
    end()
    defineTrack(Self.globalTrack, "other programs") { _ in }
  }

  private mutating func defineTrack(
    _ track: UInt64, _ name: String, _ fill: (inout ProtobufMessage) -> Void
  ) {
    begin(at: nil)
    part.clear()
    part.field(1, track)
    if !name.isEmpty { part.field(2, text: exported(name)) }
    fill(&part)
    packet.field(Field.track, part)
    end()
  }

  mutating func write(samplesOf timeline: TraceTimeline) {
    var stacks = PerfettoStacks(timeline.profile)
    let ids = timeline.threads.map { (pid: $0.pid, tid: $0.tid) }
    let owners = timeline.owners
    for sample in timeline.samples {
      if hasFailed { return }
      let owner = Int(owners[Int(sample.node)])
      write(sample, of: owner < 0 ? (0, 0) : ids[owner], &stacks)
    }
  }

  private mutating func write(
    _ sample: TimedSample, of thread: (pid: UInt32, tid: UInt32), _ stacks: inout PerfettoStacks
  ) {
    begin(at: sample.time)
    let stack = stacks.number(of: sample.node)
    if !stacks.added.isEmpty {
      packet.field(Field.interned, stacks.added)
      stacks.added.clear()
    }
    part.clear()
    if sample.cpu != EventHeader.noCPU { part.field(1, UInt64(sample.cpu)) }
    part.field(2, UInt64(thread.pid))
    part.field(3, UInt64(thread.tid))
    if stack != 0 { part.field(4, stack) }
    let cpu = Int(sample.cpu)
    if sums.count <= cpu { sums += [UInt64](repeating: 0, count: cpu + 1 - sums.count) }
    sums[cpu] &+= sample.weight
    part.field(6, sums[cpu])
    packet.field(Field.sample, part)
    end()
  }
}

// MARK: Events

extension PerfettoWriter {
  mutating func thread(_ thread: TimelineThread) {
    guard thread.pid != 0 else {
      tracks[thread.key] = Self.globalTrack
      return
    }
    let name = thread.name.isEmpty ? thread.process : thread.name
    commands[thread.key] = exported(name)
    begin(at: nil)
    part.clear()
    if processTracks[thread.pid] == nil {
      detail.clear()
      detail.field(1, UInt64(thread.pid))
      detail.field(3, text: exported(thread.process))
      part.field(1, detail)
    }
    detail.clear()
    detail.field(1, UInt64(thread.tid))
    detail.field(2, text: exported(name))
    detail.field(3, UInt64(thread.pid))
    part.field(2, detail)
    packet.field(Field.processTree, part)
    end()
    if processTracks[thread.pid] == nil {
      trackCount += 1
      processTracks[thread.pid] = trackCount
      defineTrack(trackCount, "") { part in
        var process = ProtobufMessage()
        process.field(1, UInt64(thread.pid))
        process.field(6, text: exported(thread.process))
        part.field(3, process)
      }
    }
    trackCount += 1
    tracks[thread.key] = trackCount
    defineTrack(trackCount, "") { part in
      var description = ProtobufMessage()
      description.field(1, UInt64(thread.pid))
      description.field(2, UInt64(thread.tid))
      description.field(5, text: exported(name))
      part.field(4, description)
    }
  }

  mutating func contextSwitch(
    _ header: EventHeader, _ direction: SwitchDirection, _ state: ThreadState
  ) {
    guard header.cpu != EventHeader.noCPU else { return }
    let thread = PerfettoCPUs.Thread(
      tid: header.tid,
      name: commands[UInt64(header.pid) << 32 | UInt64(header.tid)] ?? "?")
    let time = UInt64(clamping: Int64(clamping: start) &+ header.timestamp)
    if direction == .on {
      schedSwitch(cpus.begin(thread, on: header.cpu), header.cpu, time)
    } else {
      if let missing = cpus.beginIfMissing(thread, on: header.cpu) {
        schedSwitch(missing, header.cpu, time)
      }
      let bits = direction == .preempted ? 0 : state.kernelBits
      schedSwitch(cpus.end(thread, on: header.cpu, bits), header.cpu, time)
    }
  }

  private mutating func schedSwitch(
    _ change: PerfettoCPUs.Change, _ cpu: UInt16, _ time: UInt64
  ) {
    // sched_switch
    part.clear()
    part.field(1, text: change.from.name)
    part.field(2, UInt64(change.from.tid))
    part.field(3, 120)
    part.field(4, change.state)
    part.field(5, text: change.to.name)
    part.field(6, UInt64(change.to.tid))
    part.field(7, 120)
    detail.clear()
    detail.field(1, time)
    detail.field(2, UInt64(change.from.tid))
    detail.field(4, part)
    part.clear()
    part.field(1, UInt64(cpu))
    part.field(2, detail)
    begin(at: nil)
    packet.field(Field.ftrace, part)
    end()
  }

  /// Writes a TrackEvent of a type: 3 for an instant, 4 for a counter.
  private mutating func trackEvent(
    _ type: UInt64, on track: UInt64, at time: Int64, _ fill: (inout ProtobufMessage) -> Void
  ) {
    begin(at: time)
    part.clear()
    part.field(9, type)
    part.field(11, track)
    fill(&part)
    packet.field(Field.event, part)
    end()
  }

  mutating func event(_ event: borrowing RawEvent) {
    arguments.collect(event)
    let (heading, annotations) = (headings[event.typeIndex], arguments.annotations)
    let track = tracks[UInt64(event.header.pid) << 32 | UInt64(event.header.tid)]
    trackEvent(3, on: track ?? Self.globalTrack, at: event.header.timestamp) { part in
      part.append(heading)
      part.append(annotations)
    }
  }

  mutating func counters(_ event: borrowing RawEvent) {
    let name = arguments.fields.counterName(event)
    let schema = arguments.types[event.typeIndex].schema
    for field in arguments.fields.numbers[event.typeIndex] {
      let key = "\(event.header.pid) \(name).\(schema.fields[field].name)"
      let track =
        counterTracks[key]
        ?? counterTrack(
          key, "\(name).\(schema.fields[field].name)",
          schema.fields[field].hint, event.header.pid)
      let value = arguments.number(event, field)
      trackEvent(4, on: track, at: event.header.timestamp) { part in
        switch value {
        case .integer(let value): part.field(30, signed: value)
        case .fraction(let value): part.field(44, double: value)
        }
      }
    }
  }

  private mutating func counterTrack(
    _ key: String, _ name: String, _ hint: FieldHint, _ pid: UInt32
  ) -> UInt64 {
    trackCount += 1
    counterTracks[key] = trackCount
    let parent = processTracks[pid]
    defineTrack(trackCount, name) { part in
      if let parent { part.field(5, parent) }
      var counter = ProtobufMessage()
      if !hint.unit.isEmpty { counter.field(6, text: hint.unit) }
      part.field(8, counter)
    }
    return trackCount
  }

  mutating func loss(_ loss: LossLine) {
    trackEvent(3, on: Self.globalTrack, at: loss.to) { part in
      part.field(23, text: "events lost")
      var count = ProtobufMessage()
      count.field(10, text: "count")
      count.field(3, loss.count)
      part.field(4, count)
      var cause = ProtobufMessage()
      cause.field(10, text: "cause")
      cause.field(6, text: loss.cause)
      part.field(4, cause)
    }
  }
}
