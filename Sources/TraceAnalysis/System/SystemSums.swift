internal import TraceEvents

/// Adds up the counters of a trace, reading by reading.
struct SystemSums {
  /// Maximum number of parts of the time, for the machine and for all processes together.
  static let rowsMax = 1 << 18
  /// Units of CPU times if the trace does not say: 100 per second, as everywhere.
  private static let tickUsual_ns: UInt64 = 10_000_000

  var settings = SystemCounters()
  private(set) var total = SystemReport.MachineUsage(from_ns: 0, to_ns: 0)
  private(set) var processes: [UInt32: ProcessSums] = [:]
  private(set) var isCut = false
  private var processRows = 0
  private let selection: ReportSelection
  private let parts: TimeParts
  private var span: ClosedRange<Int64>?
  private var rows: [Int64: SystemReport.MachineUsage] = [:]
  private var machine: CounterReading<MachineCounters>?
  private var pressure: CounterReading<PressureCounters>?
  private var cpus = CounterTable<UInt16, CPUCounters, SystemReport.CPUTimes>()
  private var disks = CounterTable<String, DiskCounters, SystemReport.Disk>()
  private var networks = CounterTable<String, NetworkCounters, SystemReport.Network>()
  private var cpuCgroups = CounterTable<UInt32, CgroupCPUCounters, SystemReport.CPUCgroup>()
  private var memoryCgroups =
    CounterTable<UInt32, CgroupMemoryCounters, SystemReport.MemoryCgroup>()

  init(_ selection: ReportSelection, every_ns: Int64?) {
    (self.selection, parts) = (selection, TimeParts(every_ns: every_ns))
  }

  var tick_ns: UInt64 {
    let perSecond = UInt64(settings.ticksPerSecond)
    return perSecond == 0 || perSecond > 1_000_000_000
      ? Self.tickUsual_ns : 1_000_000_000 / perSecond
  }

  private func selects(_ from: Int64, _ to: Int64) -> Bool {
    from <= to && selection.admits(time: from) && selection.admits(time: to)
  }

  /// Adds to the part of the time in which two readings lie, and to the whole.
  private mutating func change(
    _ from: Int64, _ to: Int64, _ body: (inout SystemReport.MachineUsage) -> Void
  ) {
    span = min(span?.lowerBound ?? from, from)...max(span?.upperBound ?? to, to)
    body(&total)
    let key = parts.key(of: to)
    guard rows[key] != nil || rows.count < Self.rowsMax else {
      isCut = true
      return
    }
    var row = rows[key] ?? SystemReport.MachineUsage(from_ns: from, to_ns: to)
    (row.from_ns, row.to_ns) = (min(row.from_ns, from), max(row.to_ns, to))
    body(&row)
    rows[key] = row
  }

  mutating func add(_ event: CPUCounters, cpu: UInt16, _ time: Int64) {
    let isFirst = !cpus.has(cpu)
    let last = cpus.add(event, time, of: cpu, SystemReport.CPUTimes())
    guard !isFirst, selects(last.time, time) else { return }
    let tick_ns = tick_ns
    cpus.change(cpu) { $0.add(last.event, event, tick_ns: tick_ns) }
    change(last.time, time) { $0.cpu.add(last.event, event, tick_ns: tick_ns) }
  }

  mutating func add(_ event: MachineCounters, _ time: Int64) {
    defer { machine = CounterReading(event: event, time: time) }
    guard let machine, selects(machine.time, time) else { return }
    let swap = settings.swap
    change(machine.time, time) { $0.add(machine.event, event, swap: swap) }
  }

  mutating func add(_ event: PressureCounters, _ time: Int64) {
    defer { pressure = CounterReading(event: event, time: time) }
    guard let pressure, selects(pressure.time, time) else { return }
    change(pressure.time, time) { $0.add(pressure.event, event) }
  }

  mutating func add(_ event: DiskCounters, _ time: Int64) {
    let last = disks.add(event, time, of: event.name, SystemReport.Disk(name: event.name))
    if selects(last.time, time) { disks.change(event.name) { $0.add(last.event, event) } }
  }

  mutating func add(_ event: NetworkCounters, _ time: Int64) {
    let last = networks.add(event, time, of: event.name, SystemReport.Network(name: event.name))
    if selects(last.time, time) { networks.change(event.name) { $0.add(last.event, event) } }
  }

  mutating func add(_ event: CgroupCPUCounters, _ time: Int64) {
    let new = SystemReport.CPUCgroup(number: event.number, path: event.path)
    let last = cpuCgroups.add(event, time, of: event.number, new)
    if selects(last.time, time) { cpuCgroups.change(event.number) { $0.add(last.event, event) } }
  }

  mutating func add(_ event: CgroupMemoryCounters, _ time: Int64) {
    let new = SystemReport.MemoryCgroup(number: event.number, path: event.path)
    let last = memoryCgroups.add(event, time, of: event.number, new)
    if selects(last.time, time) { memoryCgroups.change(event.number) { $0.add(last.event, event) } }
  }

  mutating func add(_ event: ProcessCounters, process index: UInt32, _ time: Int64) {
    var sums = processes.removeValue(forKey: index) ?? ProcessSums(event, time)
    let isSelected = selects(sums.last.time, time)
    sums.add(event, time, isSelected: isSelected, tick_ns: tick_ns, parts, rowsUsed: &processRows)
    if sums.isCut { isCut = true }
    processes[index] = sums
  }

  /// The report, without what concerns the trace.
  func report(_ processes: [SystemReport.Process]) -> SystemReport {
    var total = total
    (total.from_ns, total.to_ns) = (span?.lowerBound ?? 0, span?.upperBound ?? 0)
    let cpuNumbers = Set(processes.compactMap(\.cpuCgroup))
    let memoryNumbers = Set(processes.compactMap(\.memoryCgroup))
    return SystemReport(
      lost: LostEvents(), partial: [], trace: "", events: 0, from_ns: total.from_ns,
      to_ns: total.to_ns, interval_ns: settings.interval, memory_bytes: settings.memory,
      swap_bytes: settings.swap, note: settings.note, total: total,
      rows: rows.sorted { $0.key < $1.key }.map(\.value),
      cpus: cpus.sums.sorted { $0.key < $1.key }.map { .init(cpu: $0.key, times: $0.value) },
      disks: disks.sums.values.sorted { $0.name < $1.name },
      networks: networks.sums.values.sorted { $0.name < $1.name },
      processes: processes,
      cpuCgroups: cpuCgroups.sums.values.filter { cpuNumbers.contains($0.number) }
        .sorted { $0.number < $1.number },
      memoryCgroups: memoryCgroups.sums.values.filter { memoryNumbers.contains($0.number) }
        .sorted { $0.number < $1.number },
      findings: [], listLimit: nil, showsRows: false)
  }
}
