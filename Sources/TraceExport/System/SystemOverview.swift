internal import TraceAnalysis

/// The totals of the machine in a ``SystemReport``.
struct SystemOverview {
  private let report: SystemReport
  private var total: SystemReport.MachineUsage { report.total }

  init(_ report: SystemReport) { self.report = report }

  var lines: [String] {
    let span = readableDuration(nanoseconds: report.span_ns)
    let every =
      report.interval_ns == 0
      ? "" : ", one every \(readableDuration(nanoseconds: report.interval_ns))"
    return [
      "Machine: \(counted(report.cpus.count, "CPU")), "
        + "\(counted(total.readings + 1, "reading")) in \(span)\(every)",
      item("CPU time", cpu), item("ready", ready),
      item("switches", switches), item("memory", memory),
    ] + pressure
  }

  private func item(_ name: String, _ text: String) -> String { "  " + name.padding(to: 11) + text }

  private var cpu: String {
    let cpu = total.cpu
    let parts: [(String, UInt64)] = [
      ("user", cpu.user_ns), ("nice", cpu.nice_ns), ("system", cpu.system_ns),
      ("irq", cpu.irq_ns), ("softirq", cpu.softirq_ns), ("iowait", cpu.iowait_ns),
      ("steal", cpu.steal_ns), ("idle", cpu.idle_ns),
    ]
    return parts.map { "\($0.0) \(percentage($0.1, of: cpu.all_ns))" }.joined(separator: ", ")
  }

  private var ready: String {
    let mean = total.running_mean.map { fixed($0, decimals: 1) } ?? "-"
    return "\(mean) threads ran or waited for a CPU on average, at most \(total.runningMax); "
      + "at most \(total.blockedMax) waited for a disk"
  }

  private var switches: String {
    "\(rate(total.contextSwitches)) switches, \(rate(total.interrupts)) interrupts and "
      + "\(rate(total.forks)) new threads a second"
  }

  private func rate(_ count: UInt64) -> String {
    guard report.span_ns > 0 else { return "-" }
    let rate = Double(count) / (Double(report.span_ns) / 1e9)
    return rate < 10 ? fixed(rate, decimals: 1) : grouped(UInt64(min(rate.rounded(), 1e18)))
  }

  private var memory: String {
    let available = total.available_bytes.map(readableBytes) ?? "-"
    return "at least \(available) of \(readableBytes(report.memory_bytes)) available, page cache "
      + "at most \(readableBytes(total.cached_bytes)), to be written "
      + "\(readableBytes(total.dirty_bytes)), swap used \(readableBytes(total.swapUsed_bytes))"
  }

  private var pressure: [String] {
    guard let pressure = total.pressure else { return [] }
    func share(_ time: UInt64) -> String { percentage(time, of: report.span_ns) }
    return [
      item(
        "pressure",
        "some thread waited for a CPU \(share(pressure.cpuSome_ns)) of the time, for memory "
          + "\(share(pressure.memorySome_ns)), for a disk \(share(pressure.ioSome_ns)); all: "
          + "memory \(share(pressure.memoryFull_ns)), disk \(share(pressure.ioFull_ns))")
    ]
  }
}
