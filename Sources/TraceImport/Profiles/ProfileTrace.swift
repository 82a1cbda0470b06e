internal import TraceEvents
internal import TraceFormat
internal import TraceKernel

/// Writes the trace of a profile: samples without times, whose frames are source lines.
///
/// - Cost: as ``ProfileCode``; some bytes for each process and thread.
final class ProfileTrace {
  /// What a sample has.
  struct Sample {
    /// The values in the order of the schema's fields.
    var values: [UInt64] = []
    var labels: [String] = []
    var numericLabels: [String] = []
    /// Addresses, innermost first.
    var stack: [UInt64] = []
    var process: UInt32 = 0
    var tid: UInt32 = 0
  }

  private static let processesMax = 4096
  private static let threadsMax = 65_536
  private static let mappedMax = 1 << 18
  static let framesMax = 8000

  private(set) var code = ProfileCode()
  private var recorder: Recorder
  private let ref: UInt16
  private let schema: ProfileSampleSchema
  private var processes: [String: UInt32] = [:]
  /// What a process has mapped, as process and number.
  private var mapped: Set<UInt64> = []
  /// Some of ``mapped``, each at a place that follows from its value.
  private var recentlyMapped = [UInt64](repeating: .max, count: 256)
  private var namedThreads: Set<UInt64> = []
  private var ticks: UInt64 = 1
  private var ledger = AppendLedger()
  /// Number of stacks that were cut.
  private(set) var cutStacks: UInt64 = 0

  /// Of a file's bytes, those for each frame in the trace's table of stacks. A table of the usual
  /// size takes more memory than a profile may cost.
  private static let bytesPerNode = 48
  private static let nodesMin = 1 << 16

  /// - Parameter byteCount: the size of the profile.
  init(
    to sink: any ByteSink, name: String, session: String, byteCount: Int,
    _ description: ProfileDescription, _ schema: ProfileSampleSchema
  ) throws(FormatError) {
    self.schema = schema
    let realtime = UInt64(max(0, description.start))
    let start = ClockSync(ticks: 1, monotonicNanoseconds: 1, realtimeNanoseconds: realtime)
    var options = TraceWriter.Options()
    options.stackNodes = min(
      options.stackNodes, max(Self.nodesMin, byteCount / Self.bytesPerNode))
    recorder = try Recorder(
      to: sink, name: name,
      session: SessionDescription(
        name: session, clock: .monotonic, ticksPerSecond: 1_000_000_000, start: start,
        machine: MachineDescription(
          hostName: "", operatingSystem: "", architecture: "", cpuCount: 0)),
      options: options)
    recorder.define(
      provider: ProviderSchema(
        name: SystemSchema.providerName, keywords: SystemSchema.keywords, events: []))
    ref = try recorder.number(of: schema.schema)
    append { recorder throws(FormatError) in
      try recorder.append(
        description, RecordHeader(ticks: 1, process: ProcessNumbers.machine, tid: 0))
    }
  }

  // MARK: Processes

  /// The number of a process.
  func process(_ pid: UInt32, _ name: String) -> UInt32 {
    let name = name.cut(toBytes: 1000)
    let key = "\(pid) \(name)"
    if let known = processes[key] { return known }
    guard processes.count < Self.processesMax else { return processes.values.min() ?? 0 }
    let number = recorder.addProcess(
      ProcessRecord(pid: pid, executable: name, joinTicks: 1))
    processes[key] = number
    return number
  }

  func name(_ tid: UInt32, _ name: String, of process: UInt32) {
    guard namedThreads.count < Self.threadsMax,
      namedThreads.insert(UInt64(process) << 32 | UInt64(tid)).inserted
    else { return }
    append { recorder throws(FormatError) in
      try recorder.addThread(tid, named: name.cut(toBytes: 64), of: process, atTicks: 1)
    }
  }

  // MARK: Code

  func module(_ path: String, buildID: [UInt8] = []) -> Int {
    code.module(path, buildID: buildID)
  }

  /// Gives slots to the lines of a location, innermost first; nil if there are none left.
  func add(_ lines: [ProfileCode.Line], in module: Int, process: UInt32) -> UInt32? {
    var slot: UInt32?
    append { [self] recorder throws(FormatError) in
      slot = try code.add(lines, in: module, to: &recorder, process: process)
    }
    return slot
  }

  /// Maps an image of the program itself, once for each process and number.
  func map(_ number: Int, _ image: @autoclosure () -> ImageMap, process: UInt32) {
    // Numbers of chunks are even.
    map(UInt64(process) << 32 | UInt64(number) << 1 | 1, image(), process)
  }

  private func map(_ key: UInt64, _ image: @autoclosure () -> ImageMap, _ process: UInt32) {
    let place = Int(truncatingIfNeeded: (key ^ key >> 32) >> 1) & 255
    if recentlyMapped[place] == key { return }
    recentlyMapped[place] = key
    guard mapped.count < Self.mappedMax, mapped.insert(key).inserted else { return }
    let image = image()
    append { recorder throws(FormatError) in
      try recorder.append(
        image,
        RecordHeader(
          ticks: 1, process: process, tid: 0, stream: StreamNumbers.imported(1), flags: .rundown))
    }
  }

  // MARK: Samples

  func add(_ sample: Sample) {
    for address in sample.stack {
      guard let chunk = ProfileCode.chunk(address), chunk < code.chunks.count else { continue }
      map(
        UInt64(sample.process) << 32 | UInt64(chunk) << 1, code.mapping(chunk), sample.process)
    }
    var stack = sample.stack
    if stack.count > Self.framesMax {
      stack.removeLast(stack.count - Self.framesMax)
      stack.append(StackNode.lostAddress)
      cutStacks += 1
    }
    ticks += 1
    let header = RecordHeader(ticks: ticks, process: sample.process, tid: sample.tid)
    append { [ref, schema] recorder throws(FormatError) in
      try recorder.append(numbered: ref, header, stack: stack) { schema.encode(sample, &$0) }
    }
  }

  private func append(_ body: (inout Recorder) throws(FormatError) -> Void) {
    ledger.append { () throws(FormatError) in try body(&recorder) }
  }

  /// Number of events that a trace cannot hold.
  var refused: UInt64 { ledger.refused }

  /// Writes the rest. Returns the number of events.
  func finish(_ description: ProfileDescription) throws(FormatError) -> UInt64 {
    let duration = UInt64(min(max(0, description.duration), 1 << 60))
    let end = max(ticks, 1 + duration)
    recorder.addClockSync(
      ClockSync(
        ticks: end, monotonicNanoseconds: end,
        realtimeNanoseconds: UInt64(max(0, description.start)) &+ end &- 1))
    append { [self] recorder throws(FormatError) in
      code.finish(&recorder)
      try recorder.finish()
    }
    if let failure = ledger.failure { throw failure }
    return recorder.eventCount
  }
}
