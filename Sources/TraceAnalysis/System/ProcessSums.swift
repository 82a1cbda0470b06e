internal import TraceEvents

/// Adds up the counters of one process.
struct ProcessSums {
  private(set) var last: CounterReading<ProcessCounters>
  private(set) var isCut = false
  /// Whether there are two readings in the selected time.
  private(set) var isSelected = false
  private(set) var total: SystemReport.ProcessUsage
  private var rows: [Int64: SystemReport.ProcessUsage] = [:]

  init(_ event: ProcessCounters, _ time: Int64) {
    last = CounterReading(event: event, time: time)
    total = SystemReport.ProcessUsage(from_ns: time, to_ns: time)
  }

  mutating func add(
    _ event: ProcessCounters, _ time: Int64, isSelected: Bool, tick_ns: UInt64, _ parts: TimeParts,
    rowsUsed: inout Int
  ) {
    defer { last = CounterReading(event: event, time: time) }
    guard isSelected, time > last.time else { return }
    if !self.isSelected { total.from_ns = last.time }
    self.isSelected = true
    total.to_ns = time
    total.add(last.event, event, tick_ns: tick_ns)
    let key = parts.key(of: time)
    if rows[key] == nil {
      guard rowsUsed < SystemSums.rowsMax else {
        isCut = true
        return
      }
      rowsUsed += 1
    }
    var row = rows[key] ?? SystemReport.ProcessUsage(from_ns: last.time, to_ns: time)
    row.to_ns = time
    row.add(last.event, event, tick_ns: tick_ns)
    rows[key] = row
  }

  func row(_ pid: UInt32, _ name: String) -> SystemReport.Process {
    let cgroups = (last.event.cpuCgroup, last.event.memoryCgroup)
    return SystemReport.Process(
      pid: pid, name: name, total: total, rows: rows.sorted { $0.key < $1.key }.map(\.value),
      cpuCgroup: cgroups.0 == 0 ? nil : cgroups.0, memoryCgroup: cgroups.1 == 0 ? nil : cgroups.1)
  }
}
