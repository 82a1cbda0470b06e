internal import OSStrings
internal import TraceEvents
internal import TraceFormat
internal import TraceKernel

/// Decides what the samples of each event become.
struct PerfOutputs {
  /// The provider of counted events.
  static let provider = "perf"

  private var outputs: [SampleOutput?] = []
  /// The event whose samples are CPU samples; nil if there is none.
  private(set) var cpuEvent: Int?
  /// Numbers of events, by provider.
  private var ids: [String: UInt16] = [:]
  /// The layout of sched_switch and sched_waking.
  private(set) var layouts = SwitchLayouts()
  /// The state of the thread that stops, and the thread that runs next, in sched_switch.
  private(set) var switchFields: (state: Int, stateBytes: Int, next: Int)?
  /// Whether events of switches or wake-ups have stacks.
  private(set) var switchesHaveStacks = false
  /// Tracepoints without a description.
  private(set) var undescribed: [String] = []

  init(_ events: PerfEvents, _ tracepoints: TracepointFormats) {
    cpuEvent = Self.cpuEvent(events)
    var (switching, waking) = ("", "")
    for event in events.all where event.attributes.type == PerfEventType.tracepoint {
      guard let format = tracepoints.format(event.attributes.config), format.system == "sched"
      else { continue }
      if format.name == "sched_switch" {
        switching = format.text
        switchFields = Self.switchFields(format)
      }
      if format.name == "sched_waking" { waking = format.text }
      if ["sched_switch", "sched_waking"].contains(format.name),
        event.attributes.fields.contains(.callchain)
      {
        switchesHaveStacks = true
      }
    }
    layouts = SwitchLayouts(switchFormat: switching, wakingFormat: waking)
  }

  private static func switchFields(
    _ format: TracepointFormat
  ) -> (state: Int, stateBytes: Int, next: Int)? {
    guard let state = format.fields.first(where: { $0.name == "prev_state" }),
      case .number(let bytes, _) = state.kind,
      let next = format.fields.first(where: { $0.name == "next_pid" })
    else { return nil }
    return (state.offset, bytes, next.offset)
  }

  // MARK: CPU samples

  /// The clock of the CPU if it was sampled, otherwise the processor's cycles at a frequency.
  private static func cpuEvent(_ events: PerfEvents) -> Int? {
    let all = events.all.map(\.attributes)
    return all.firstIndex { isClock($0) && $0.config == 0 } ?? all.firstIndex(where: isClock)
      ?? all.firstIndex(where: isTimedCycles)
  }

  private static func isClock(_ event: PerfAttributes) -> Bool {
    event.type == PerfEventType.software && event.config <= 1
  }

  /// Cycles at a frequency, of any kind of cores.
  private static func isTimedCycles(_ event: PerfAttributes) -> Bool {
    event.type == PerfEventType.hardware && event.config & 0xffff_ffff == 0
      && event.usesFrequency && event.samplePeriod > 0
  }

  /// Whether samples of an event are CPU samples: those of ``cpuEvent``, and of events of the same
  /// kind that count elsewhere.
  private func isCPUEvent(_ index: Int, _ events: PerfEvents) -> Bool {
    guard let cpuEvent else { return false }
    let (first, event) = (events.all[cpuEvent].attributes, events.all[index].attributes)
    if index == cpuEvent { return true }
    if Self.isTimedCycles(first) {
      guard Self.isTimedCycles(event) else { return false }
      if first.config != event.config { return true }
    } else if first.type != event.type || first.config != event.config {
      return false
    }
    // One counts in programs and the other in the kernel.
    let modes = (first.flags >> 4 & 3, event.flags >> 4 & 3)
    return modes == (1, 2) || modes == (2, 1)
  }

  // MARK: Outputs

  /// What samples of an event become.
  mutating func output(
    of index: Int, _ events: PerfEvents, _ tracepoints: TracepointFormats, _ sink: PerfSink
  ) -> SampleOutput {
    while outputs.count <= index { outputs.append(nil) }
    if let known = outputs[index] { return known }
    let output = make(index, events, tracepoints, sink)
    outputs[index] = output
    return output
  }

  private mutating func make(
    _ index: Int, _ events: PerfEvents, _ tracepoints: TracepointFormats, _ sink: PerfSink
  ) -> SampleOutput {
    let event = events.all[index]
    if isCPUEvent(index, events) {
      return Self.isClock(event.attributes) ? .cpuTime(.cpuClock) : cycles(event, sink)
    }
    guard event.attributes.type == PerfEventType.tracepoint else { return counted(event, sink) }
    guard event.attributes.fields.contains(.raw),
      let format = tracepoints.format(event.attributes.config)
    else {
      if undescribed.count < 8 { undescribed.append(event.name) }
      return counted(event, sink)
    }
    if format.system == "sched", format.name == "sched_switch", switchFields != nil {
      return .switchOut
    }
    if format.system == "sched", format.name == "sched_waking", layouts.wokenThread != nil {
      return .wakeUp
    }
    guard let id = nextID(format.system) else { return .nothing }
    let isEach = !event.attributes.usesFrequency && event.attributes.samplePeriod <= 1
    let output = TracepointOutput(format, id: id, hasPeriod: !isEach)
    guard let ref = sink.number(of: output.schema) else { return .nothing }
    return .numbered(ref) { output.encode($0.sample, &$1) }
  }

  /// CPU samples of the time that the frequency means, with the count of cycles.
  private func cycles(_ event: PerfEvent, _ sink: PerfSink) -> SampleOutput {
    let weight = 1_000_000_000 / max(1, event.attributes.samplePeriod)
    var schema = SampledProfile.schema
    schema.version &+= 1
    schema.fields.append(FieldSchema("period", .uint64, .count))
    guard let ref = sink.number(of: schema) else { return .nothing }
    return .numbered(ref) {
      $1.encode(weight)
      $1.encode(SampleSource.processorCycles)
      $1.encode($0.sample.period)
    }
  }

  /// Samples of any other event, under its own name.
  private mutating func counted(_ event: PerfEvent, _ sink: PerfSink) -> SampleOutput {
    guard let id = nextID(Self.provider) else { return .nothing }
    let hasAddress = event.attributes.fields.contains(.address)
    let schema = EventSchema(
      provider: Self.provider, id: id, name: event.name.cut(toBytes: 256),
      fields: [FieldSchema("period", .uint64, .count)]
        + (hasAddress ? [FieldSchema("address", .pointer)] : []))
    guard let ref = sink.number(of: schema) else { return .nothing }
    return .numbered(ref) {
      $1.encode($0.sample.period)
      if hasAddress { $1.encode($0.address) }
    }
  }

  private mutating func nextID(_ provider: String) -> UInt16? {
    let id = ids[provider] ?? 1
    guard id < EventSchema.idLimit else { return nil }
    ids[provider] = id + 1
    return id
  }
}
