internal import TraceEvents
internal import TraceFormat

/// Runs the passes of those reports for which a trace has events, and takes their main numbers.
/// Numbers of several processes are added up; of the longest times, the maximum is taken.
final class RunMeasuring {
  private let selection: ReportSelection
  private let symbols: SymbolizerOptions
  private var collections: GCPass?
  private var exceptions: ExceptionPass?
  private var allocations: AllocationPass?
  private var compilations: JITPass?
  private var threads: ThreadsPass?
  private var activities: RequestPass?
  private var system: SystemPass?
  /// Number of completed requests, after ``finish(into:)``.
  private(set) var requests = 0

  init(_ selection: ReportSelection, symbols: SymbolizerOptions) {
    (self.selection, self.symbols) = (selection, symbols)
  }

  func subscribe(to replay: Replay) throws {
    let types = replay.file.eventTypes.filter { $0.count > 0 }.map(\.schema)
    func has(_ event: EventSchema) -> Bool {
      types.contains { $0.provider == event.provider && $0.id == event.id }
    }
    if has(GCStart.schema) { collections = GCPass(selection) }
    if has(ExceptionThrown.schema) { exceptions = ExceptionPass(selection, symbols: symbols) }
    if has(GCAllocationTick.schema) { allocations = AllocationPass(selection, symbols: symbols) }
    if has(MethodLoad.schema) { compilations = JITPass(selection) }
    if has(ContextSwitch.schema) { threads = ThreadsPass(selection, symbols: symbols) }
    if has(MachineCounters.schema) { system = SystemPass(selection) }
    if types.contains(where: { ActivityType($0) != nil }) {
      activities = RequestPass(selection, listLimit: 0)
    }
    collections?.subscribe(to: replay)
    exceptions?.subscribe(to: replay)
    allocations?.subscribe(to: replay)
    compilations?.subscribe(to: replay)
    threads?.subscribe(to: replay)
    activities?.subscribe(to: replay)
    system?.subscribe(to: replay)
  }

  /// Adds the numbers to the profile.
  ///
  /// - Throws: a ``FormatError`` if the file can no longer be read.
  func finish(into profile: inout RunProfile) throws {
    var list = RunMeasures()
    func add<Result: Report>(_ body: () throws -> Result?, _ take: (Result) -> Void) throws {
      do {
        guard let report = try body() else { return }
        take(report)
        for case .limited(let what) in report.partial {
          profile.partial.append(.limited(what: what))
        }
      } catch is NothingToReport {}
    }
    try add({ try collections?.finish() }) { list.add($0) }
    try add({ try exceptions?.finish() }) { list.add($0) }
    try add({ try allocations?.finish() }) { list.add($0) }
    try add({ try compilations?.finish() }) { list.add($0) }
    try add({ try threads?.finish() }) { list.add($0) }
    try add({ try activities?.finish() }) { list.add($0) }
    try add({ try system?.finish() }) { list.add($0) }
    requests = list.requests
    profile.measures = list.rows
  }
}

/// The numbers of a run.
struct RunMeasures {
  /// Maximum number of types, names or reasons that are measured one by one.
  private static let namesMax = 50

  private(set) var rows: [RunMeasure] = []
  private(set) var requests = 0

  private mutating func amount(
    _ topic: RunMeasure.Topic, _ name: String, _ unit: RunMeasure.Unit, _ value: Double,
    isOfEvents: Bool = true
  ) {
    rows.append(
      RunMeasure(topic: topic, name: name, unit: unit, value: value, isOfEvents: isOfEvents))
  }

  private mutating func size(
    _ topic: RunMeasure.Topic, _ name: String, _ unit: RunMeasure.Unit, _ value: Double
  ) {
    rows.append(
      RunMeasure(topic: topic, name: name, unit: unit, value: value, isAmount: false))
  }

  private mutating func durations(
    _ topic: RunMeasure.Topic, _ name: String, _ all: [DurationSummary]
  ) {
    size(topic, "\(name), 50 %", .ns, Double(all.map(\.p50_ns).max() ?? 0))
    size(topic, "\(name), 95 %", .ns, Double(all.map(\.p95_ns).max() ?? 0))
    size(topic, "\(name), 99 %", .ns, Double(all.map(\.p99_ns).max() ?? 0))
    size(topic, "\(name), longest", .ns, Double(all.map(\.max_ns).max() ?? 0))
  }

  mutating func add(_ report: GCReport) {
    let all = report.processes
    amount(.gc, "collections", .count, all.sum { UInt64($0.collections.count) })
    amount(.gc, "paused", .ns, all.sum(\.pauses.total_ns))
    durations(.gc, "pause", all.map(\.pauses))
    amount(.gc, "allocated", .bytes, all.sum { $0.allocated_bytes ?? 0 })
    amount(.gc, "promoted", .bytes, all.sum { $0.promoted_bytes ?? 0 })
    let peak = all.compactMap(\.peakHeap_bytes).max() ?? 0
    if peak > 0 { size(.gc, "largest heap", .bytes, Double(peak)) }
  }

  mutating func add(_ report: ExceptionReport) {
    amount(.exceptions, "thrown", .count, report.processes.sum(\.thrown))
    named(.exceptions, .count, report.processes.flatMap(\.groups).map { ($0.type, $0.thrown) })
  }

  mutating func add(_ report: AllocationReport) {
    let all = report.processes
    amount(.allocations, "allocated", .bytes, all.sum(\.total.bytes))
    named(.allocations, .bytes, all.flatMap(\.types).map { ($0.type, $0.amount.bytes) })
  }

  mutating func add(_ report: JITReport) {
    let all = report.processes
    amount(.jit, "compiled", .count, all.sum { UInt64(clamping: $0.compiled) })
    amount(.jit, "compiling", .ns, all.sum(\.times.total_ns))
    amount(.jit, "code", .bytes, all.sum(\.code_bytes))
  }

  mutating func add(_ report: ThreadReport) {
    let all = report.processes
    amount(.threads, "running", .ns, all.sum(\.times.running_ns))
    amount(.threads, "runnable", .ns, all.sum(\.times.runnable_ns))
    amount(.threads, "blocked", .ns, all.sum(\.times.blocked_ns))
    amount(.threads, "waits", .count, all.sum(\.times.waits), isOfEvents: false)
    amount(.threads, "preemptions", .count, all.sum(\.times.preemptions), isOfEvents: false)
    named(
      .threads, .ns,
      all.flatMap(\.reasons).map { ("blocked: \($0.reason.rawValue)", $0.total_ns) })
  }

  mutating func add(_ report: RequestReport) {
    let groups = report.processes.flatMap(\.groups)
    requests = groups.reduce(0) { $0 + $1.durations.count }
    amount(.requests, "completed", .count, Double(requests))
    var byName: [String: [DurationSummary]] = [:]
    for group in groups {
      byName[group.name.isEmpty ? group.activity : group.name, default: []].append(group.durations)
    }
    for (name, all) in byName.sorted(by: { $0.key < $1.key }).prefix(Self.namesMax) {
      durations(.requests, name, all)
    }
  }

  mutating func add(_ report: SystemReport) {
    let total = report.total
    amount(.system, "CPU busy", .ns, Double(total.cpu.busy_ns))
    amount(.system, "CPU taken by the hypervisor", .ns, Double(total.cpu.steal_ns))
    amount(.system, "CPU waiting for disks", .ns, Double(total.cpu.iowait_ns))
    let switches = Double(total.contextSwitches)
    amount(.system, "context switches", .count, switches, isOfEvents: false)
    amount(.system, "processes: CPU", .ns, report.processes.sum(\.total.cpu_ns))
    amount(.system, "processes: waits for a CPU", .ns, report.processes.sum(\.total.waited_ns))
    let faults = report.processes.sum { $0.total.minorFaults.addingClamped($0.total.majorFaults) }
    amount(.system, "processes: page faults", .count, faults, isOfEvents: false)
    amount(.system, "processes: disk", .bytes, report.processes.sum(\.total.disk_bytes))
    let resident = report.processes.sum(\.total.resident_bytes)
    size(.system, "processes: memory", .bytes, resident)
    amount(.system, "throttled", .ns, report.cpuCgroups.sum(\.throttled_ns))
  }

  /// Adds the largest sums by name.
  private mutating func named(
    _ topic: RunMeasure.Topic, _ unit: RunMeasure.Unit, _ parts: [(name: String, value: UInt64)]
  ) {
    var sums: [String: UInt64] = [:]
    for part in parts {
      let name = part.name.withoutAddress
      sums[name] = (sums[name] ?? 0).addingClamped(part.value)
    }
    let largest = sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.namesMax)
    for (name, value) in largest { amount(topic, name, unit, Double(value)) }
  }
}

extension Array {
  fileprivate func sum(_ value: (Element) -> UInt64) -> Double {
    reduce(0) { $0 + Double(value($1)) }
  }
}
