internal import OSStrings
internal import TraceEvents
internal import TraceFormat
internal import TraceKernel

/// Translates a recording's records, in the order of their times, into a trace.
final class PerfTranslation {
  /// The kernel writes records of each CPU in order; more CPUs share numbers.
  static let ringCount = 4096

  let sink: PerfSink
  let stacks: PerfStacks
  let facts: PerfFacts
  let code: PerfCode
  private let translator: PerfTranslator
  private var outputs: PerfOutputs
  private let start: UInt64
  /// The time of the last record.
  private(set) var now: UInt64
  /// Mappings of processes that ran before the recording began; nil when they were reported.
  private var earlierMaps: [[UInt8]]? = []
  /// Whether context switches have records of their own.
  private let hasSwitchRecords: Bool
  /// The process of each thread, if switches name threads only.
  private var processes: [UInt32: UInt32] = [:]
  private static let processesMax = 1 << 20
  private(set) var malformed: UInt64 = 0
  /// Number of records of kinds that are left out, by kind.
  private(set) var leftOut: [UInt32: UInt64] = [:]

  /// - Parameter start: the time of the first record.
  init(
    _ sink: PerfSink, _ events: PerfEvents, _ features: PerfFeatures, start: UInt64,
    place: PerfPlace
  ) {
    self.sink = sink
    self.start = start
    now = start
    outputs = PerfOutputs(events, features.tracepoints)
    facts = PerfFacts()
    facts.buildIDs = features.buildIDs
    stacks = PerfStacks(hasOwnVDSO: place.isThisBoot, architecture: features.architecture)
    code = PerfCode(sink, place, start: start)
    translator = PerfTranslator(
      PerfTranslator.Options(samplePeriod_ns: 1), ringCount: Self.ringCount,
      clock: PerfClock(isMonotonic: true), facts: facts, sink: sink, stacks: stacks,
      runtimeCode: code)
    translator.switches.kinds = [1: .switchOut, 2: .wakeUp]
    translator.switches.layouts = outputs.layouts
    translator.switches.haveStacks = outputs.switchesHaveStacks
    hasSwitchRecords = events.all.contains { $0.attributes.recordsSwitches }
  }

  var throttled: UInt64 { translator.throttled }
  var malformedRecords: UInt64 { malformed &+ translator.malformed }
  var cpuEvent: Int? { outputs.cpuEvent }
  var undescribed: [String] { outputs.undescribed }

  // MARK: Records

  /// Translates one record; records come in the order of their times.
  func take(
    _ record: UnsafeRawBufferPointer, time: UInt64, event: Int32, _ events: PerfEvents,
    _ tracepoints: TracepointFormats
  ) {
    guard events.all.indices.contains(Int(event)) else { return }
    let layout = events.all[Int(event)].layout
    let kind = ForeignBytes(record).word32(0)
    if time > 0 { now = max(now, time) }
    if kind == Self.sampleKind {
      endRundown()
      return sample(record, Int(event), layout, events, tracepoints)
    }
    guard time == 0, layout.fields.contains(.time) || !layout.stampsAll else {
      endRundown()
      return other(record, kind, layout, time: time)
    }
    earlier(record, kind, layout)
  }

  private static let sampleKind: UInt32 = 9
  private static let mapKind: UInt32 = 1
  private static let map2Kind: UInt32 = 10

  private func other(
    _ record: UnsafeRawBufferPointer, _ kind: UInt32, _ layout: PerfSampleLayout, time: UInt64
  ) {
    var stamp = layout.stamp(record) ?? PerfStamp()
    stamp.nanoseconds = time == 0 ? now : time
    let parsed = parse(record, kind, layout)
    guard case .other = parsed else {
      if case .map(let map) = parsed, !isCode(map) { return }
      if case .contextSwitch = parsed, !hasSwitchRecords { return }
      note(stamp)
      if case .fork(let task) = parsed { remember(task.tid, of: task.pid) }
      if case .name(let pid, let tid, _, _) = parsed { remember(tid, of: pid) }
      return give(parsed, stamp, hasCPU: layout.fields.contains(.cpu) && layout.stampsAll)
    }
    leftOut[kind, default: 0] &+= 1
  }

  /// Reads a record that is not a sample.
  private func parse(
    _ record: UnsafeRawBufferPointer, _ kind: UInt32, _ layout: PerfSampleLayout
  ) -> PerfRecord {
    guard kind == Self.mapKind else {
      return PerfRecordParser.parse(record, trailerBytes: layout.trailerBytes)
    }
    let bytes = ForeignBytes(record)
    let pathBytes = record.count - 40 - layout.trailerBytes
    guard pathBytes > 0 else { return .malformed }
    let isData = bytes.word16(4) & 1 << 13 != 0
    return .map(
      PerfMap(
        pid: bytes.word32(8), tid: bytes.word32(12), address: bytes.word64(16),
        size: bytes.word64(24), fileOffset: bytes.word64(32), protection: isData ? 1 : 5,
        path: UnsafeRawBufferPointer(rebasing: bytes.slice(40, pathBytes).prefix { $0 != 0 })))
  }

  /// Whether a mapping is executable, or announces code; the kernel's own is neither.
  private func isCode(_ map: PerfMap) -> Bool {
    guard map.pid != .max else { return false }
    return map.protection & 4 != 0
      || MappedName(shown: String(osBytes: map.path)).kind.isJitdump
  }

  private func give(_ record: PerfRecord, _ stamp: PerfStamp, hasCPU: Bool) {
    sink.cpu = hasCPU ? stamp.cpu : nil
    translator.take(record, stamp, ring: Int(min(stamp.cpu, UInt32(Self.ringCount - 1))))
  }

  // MARK: Samples

  private func sample(
    _ record: UnsafeRawBufferPointer, _ event: Int, _ layout: PerfSampleLayout,
    _ events: PerfEvents, _ tracepoints: TracepointFormats
  ) {
    guard var parsed = layout.parse(record) else {
      malformed &+= 1
      return
    }
    if !layout.fields.contains(.time) { parsed.stamp.nanoseconds = now }
    note(parsed.stamp)
    let output = outputs.output(of: event, events, tracepoints, sink)
    if case .switchOut = output { parsed.sample.identifier = 1 }
    if case .wakeUp = output { parsed.sample.identifier = 2 }
    sink.output = output
    sink.data = parsed
    stacks.layout = layout
    stacks.branches = parsed.branches
    stacks.branchesAreCalls = events.all[event].attributes.branchesAreCalls
    give(.sample(parsed.sample), parsed.stamp, hasCPU: layout.fields.contains(.cpu))
    sink.output = nil
    if case .switchOut = output, !hasSwitchRecords { contextSwitch(parsed) }
  }

  /// A switch that has only the tracepoint's record: one thread stops, and another one runs.
  private func contextSwitch(_ data: PerfDataSample) {
    guard let fields = outputs.switchFields else { return }
    let raw = ForeignBytes(data.sample.raw)
    let state = TracepointOutput.number(raw, fields.state, fields.stateBytes, false)
    give(
      .contextSwitch(isOut: true, isPreempted: state & 0xff == 0), data.stamp,
      hasCPU: true)
    let next = raw.word32(fields.next)
    guard next != 0, let pid = processes[next] else { return }
    var stamp = data.stamp
    (stamp.pid, stamp.tid) = (pid, next)
    give(.contextSwitch(isOut: false, isPreempted: false), stamp, hasCPU: true)
  }

  private func note(_ stamp: PerfStamp) { remember(stamp.tid, of: stamp.pid) }

  private func remember(_ tid: UInt32, of pid: UInt32) {
    guard outputs.switchFields != nil, tid != 0, processes[tid] != pid,
      processes.count < Self.processesMax
    else { return }
    processes[tid] = pid
  }
}

// MARK: Before the recording began

extension PerfTranslation {
  /// Keeps a record without a time, which says what ran before the recording began.
  private func earlier(
    _ record: UnsafeRawBufferPointer, _ kind: UInt32, _ layout: PerfSampleLayout
  ) {
    guard earlierMaps != nil else { return other(record, kind, layout, time: 0) }
    switch parse(record, kind, layout) {
    case .map(let map):
      if isCode(map) { earlierMaps?.append(Array(record)) }
    case .fork(let task):
      facts.add(task.pid, thread: task.tid, parent: task.parentPID)
      remember(task.tid, of: task.pid)
    case .name(let pid, let tid, let bytes, _):
      facts.add(pid, thread: tid, name: String(osBytes: bytes))
      remember(tid, of: pid)
    case .malformed: malformed &+= 1
    default: other(record, kind, layout, time: 0)
    }
  }

  /// Reports what ran before the recording began.
  func endRundown() {
    guard let maps = earlierMaps else { return }
    earlierMaps = nil
    sink.isRundown = true
    sink.cpu = nil
    for pid in facts.order where pid != .max {
      translator.rundown(of: pid, atNanoseconds: start)
    }
    for record in maps {
      record.withUnsafeBytes { bytes in
        let kind = ForeignBytes(bytes).word32(0)
        guard case .map(let map) = parse(bytes, kind, PerfSampleLayout(PerfAttributes())) else {
          return
        }
        give(
          .map(map), PerfStamp(pid: map.pid, tid: map.tid, nanoseconds: start), hasCPU: false)
      }
    }
    sink.isRundown = false
  }

  func finish() {
    endRundown()
    code.finish(atTicks: now)
  }
}
