public import TraceAnalysis

/// A ``SystemReport`` as one JSON object; Docs/reports.md lists its keys.
public struct SystemJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: SystemReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("system", report)
      json.field("trace", report.trace)
      json.field("events", report.events)
      json.field("from_ns", report.from_ns)
      json.field("to_ns", report.to_ns)
      json.field("interval_ns", report.interval_ns)
      json.field("memory_bytes", report.memory_bytes)
      json.field("swap_bytes", report.swap_bytes)
      json.field("note", report.note)
      json.field("findings", each: report.findings) { $0.finding($1) }
      json.field("total") { $0.machine(report.total) }
      json.field("cpus", each: report.cpus) {
        $0.field("cpu", $1.cpu)
        $0.cpuTimes($1.times)
      }
      json.field("disks", each: report.disks) { $0.disk($1) }
      json.field("networks", each: report.networks) { $0.network($1) }
      json.field("processes", each: report.processes.prefix(report.listLimit ?? .max)) {
        $0.field("pid", $1.pid)
        $0.field("name", $1.name)
        $0.field("cpu_cgroup", $1.cpuCgroup)
        $0.field("memory_cgroup", $1.memoryCgroup)
        $0.field("total") { [total = $1.total] in $0.usage(total) }
        $0.field("rows", each: $1.rows.prefix(report.listLimit ?? .max)) { $0.usage($1) }
      }
      json.field("cpu_cgroups", each: report.cpuCgroups) { $0.cgroup($1) }
      json.field("memory_cgroups", each: report.memoryCgroups) { $0.cgroup($1) }
      json.field("rows", each: report.rows.prefix(report.listLimit ?? .max)) { $0.machine($1) }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func finding(_ finding: SystemReport.Finding) {
    field("kind", finding.kind.rawValue)
    field("subject", finding.subject)
    field("pid", finding.pid)
    field("percent", finding.percent)
    field("amount_ns", finding.amount_ns)
    field("count", finding.count)
  }

  fileprivate mutating func cpuTimes(_ times: SystemReport.CPUTimes) {
    field("user_ns", times.user_ns)
    field("nice_ns", times.nice_ns)
    field("system_ns", times.system_ns)
    field("idle_ns", times.idle_ns)
    field("iowait_ns", times.iowait_ns)
    field("irq_ns", times.irq_ns)
    field("softirq_ns", times.softirq_ns)
    field("steal_ns", times.steal_ns)
  }

  fileprivate mutating func machine(_ usage: SystemReport.MachineUsage) {
    field("from_ns", usage.from_ns)
    field("to_ns", usage.to_ns)
    cpuTimes(usage.cpu)
    field("context_switches", usage.contextSwitches)
    field("interrupts", usage.interrupts)
    field("forks", usage.forks)
    field("running_mean", usage.running_mean)
    field("running_max", usage.runningMax)
    field("blocked_max", usage.blockedMax)
    field("available_min_bytes", usage.available_bytes)
    field("cached_max_bytes", usage.cached_bytes)
    field("dirty_max_bytes", usage.dirty_bytes)
    field("swap_used_max_bytes", usage.swapUsed_bytes)
    field("cpu_some_ns", usage.pressure?.cpuSome_ns)
    field("memory_some_ns", usage.pressure?.memorySome_ns)
    field("memory_full_ns", usage.pressure?.memoryFull_ns)
    field("io_some_ns", usage.pressure?.ioSome_ns)
    field("io_full_ns", usage.pressure?.ioFull_ns)
  }

  fileprivate mutating func disk(_ disk: SystemReport.Disk) {
    field("name", disk.name)
    field("reads", disk.reads)
    field("read_bytes", disk.read_bytes)
    field("writes", disk.writes)
    field("written_bytes", disk.written_bytes)
    field("busy_ns", disk.busy_ns)
    field("waited_ns", disk.waited_ns)
  }

  fileprivate mutating func network(_ network: SystemReport.Network) {
    field("name", network.name)
    field("received_bytes", network.received_bytes)
    field("received_packets", network.receivedPackets)
    field("sent_bytes", network.sent_bytes)
    field("sent_packets", network.sentPackets)
    field("errors", network.errors)
    field("drops", network.drops)
  }

  fileprivate mutating func usage(_ usage: SystemReport.ProcessUsage) {
    field("from_ns", usage.from_ns)
    field("to_ns", usage.to_ns)
    field("cpu_ns", usage.cpu_ns)
    field("cpu_percent", usage.cpu_percent)
    field("user_ns", usage.user_ns)
    field("system_ns", usage.system_ns)
    field("waited_ns", usage.waited_ns)
    field("minor_faults", usage.minorFaults)
    field("major_faults", usage.majorFaults)
    field("voluntary_switches", usage.voluntarySwitches)
    field("involuntary_switches", usage.involuntarySwitches)
    field("read_bytes", usage.read_bytes)
    field("written_bytes", usage.written_bytes)
    field("resident_max_bytes", usage.resident_bytes)
    field("proportional_max_bytes", usage.proportional_bytes)
    field("threads_max", usage.threads)
    field("uncounted_threads_max", usage.uncountedThreads)
  }

  fileprivate mutating func cgroup(_ cgroup: SystemReport.CPUCgroup) {
    field("number", cgroup.number)
    field("path", cgroup.path)
    field("usage_ns", cgroup.usage_ns)
    field("periods", cgroup.periods)
    field("throttled_periods", cgroup.throttledPeriods)
    field("throttled_percent", cgroup.throttled_percent)
    field("throttled_ns", cgroup.throttled_ns)
    field("quota_us_per_s", cgroup.quota_us_per_s)
  }

  fileprivate mutating func cgroup(_ cgroup: SystemReport.MemoryCgroup) {
    field("number", cgroup.number)
    field("path", cgroup.path)
    field("usage_max_bytes", cgroup.usage_bytes)
    field("limit_bytes", cgroup.limit_bytes)
    field("high_events", cgroup.highEvents)
    field("limit_events", cgroup.limitEvents)
    field("killed", cgroup.killed)
  }
}
