/// The numbers of a report that explain why programs were slow: those above a threshold.
struct SystemFindings {
  /// Percentages from which a number is listed; below, it cannot explain much.
  enum Threshold {
    static let steal = 2.0
    static let throttled = 1.0
    static let waited = 10.0
    static let pressure = 10.0
    static let memoryPressure = 1.0
    static let iowait = 5.0
    static let cpu = 90.0
    /// Page faults per second that read from a disk.
    static let majorFaults = 10.0
    /// Waiting for a CPU as a share of the time: 5 %.
    static let waitedShare = 0.05
  }

  private let report: SystemReport

  init(_ report: SystemReport) { self.report = report }

  /// Most important first: what the machine or the limits took away, then memory and disks, then
  /// the programs themselves.
  var list: [SystemReport.Finding] {
    limits + machine + report.processes.flatMap(waits) + memory + report.processes.flatMap(faults)
      + report.processes.compactMap(cpu)
  }

  private func percent(_ part: UInt64, _ whole: UInt64) -> Double {
    whole == 0 ? 0 : Double(part) / Double(whole) * 100
  }

  private var limits: [SystemReport.Finding] {
    var found: [SystemReport.Finding] = []
    for cgroup in report.cpuCgroups {
      guard let share = cgroup.throttled_percent, share >= Threshold.throttled else { continue }
      found.append(
        .init(
          kind: .throttled, subject: cgroup.path, percent: share,
          amount_ns: cgroup.throttled_ns, count: cgroup.throttledPeriods))
    }
    for cgroup in report.memoryCgroups {
      if cgroup.killed > 0 {
        found.append(.init(kind: .killed, subject: cgroup.path, count: cgroup.killed))
      }
      let limited = cgroup.highEvents.addingClamped(cgroup.limitEvents)
      if limited > 0 {
        found.append(.init(kind: .memoryLimit, subject: cgroup.path, count: limited))
      }
    }
    return found
  }

  private var machine: [SystemReport.Finding] {
    let cpu = report.total.cpu
    var found: [SystemReport.Finding] = []
    let steal = percent(cpu.steal_ns, cpu.all_ns)
    if steal >= Threshold.steal {
      found.append(.init(kind: .steal, percent: steal, amount_ns: cpu.steal_ns))
    }
    if let pressure = report.total.pressure {
      let share = percent(pressure.cpuSome_ns, report.span_ns)
      if share >= Threshold.pressure {
        found.append(.init(kind: .cpuPressure, percent: share, amount_ns: pressure.cpuSome_ns))
      }
    }
    return found
  }

  private var memory: [SystemReport.Finding] {
    var found: [SystemReport.Finding] = []
    if let pressure = report.total.pressure {
      let memory = percent(pressure.memorySome_ns, report.span_ns)
      if memory >= Threshold.memoryPressure {
        found.append(
          .init(kind: .memoryPressure, percent: memory, amount_ns: pressure.memorySome_ns))
      }
      let io = percent(pressure.ioSome_ns, report.span_ns)
      if io >= Threshold.pressure {
        found.append(.init(kind: .ioPressure, percent: io, amount_ns: pressure.ioSome_ns))
      }
    }
    let cpu = report.total.cpu
    let iowait = percent(cpu.iowait_ns, cpu.all_ns)
    if iowait >= Threshold.iowait {
      found.append(.init(kind: .iowait, percent: iowait, amount_ns: cpu.iowait_ns))
    }
    return found
  }

  private func waits(_ process: SystemReport.Process) -> [SystemReport.Finding] {
    let usage = process.total
    let share = percent(usage.waited_ns, usage.waited_ns.addingClamped(usage.cpu_ns))
    guard share >= Threshold.waited,
      Double(usage.waited_ns) >= Double(usage.span_ns) * Threshold.waitedShare
    else { return [] }
    return [
      .init(
        kind: .waited, subject: process.name, pid: process.pid, percent: share,
        amount_ns: usage.waited_ns)
    ]
  }

  private func faults(_ process: SystemReport.Process) -> [SystemReport.Finding] {
    let usage = process.total
    let seconds = Double(usage.span_ns) / 1e9
    guard usage.majorFaults > 0, Double(usage.majorFaults) >= seconds * Threshold.majorFaults
    else { return [] }
    return [
      .init(
        kind: .majorFaults, subject: process.name, pid: process.pid, count: usage.majorFaults)
    ]
  }

  private func cpu(_ process: SystemReport.Process) -> SystemReport.Finding? {
    guard let share = process.total.cpu_percent, share >= Threshold.cpu else { return nil }
    return .init(
      kind: .cpu, subject: process.name, pid: process.pid, percent: share,
      amount_ns: process.total.cpu_ns)
  }
}
