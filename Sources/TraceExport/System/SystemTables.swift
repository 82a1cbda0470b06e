internal import TraceAnalysis

/// The tables of a ``SystemReport``.
struct SystemTables {
  /// Number of rows listed if the report does not say.
  private static let defaultLimit = 20

  private let report: SystemReport
  private let limit: Int

  init(_ report: SystemReport) {
    self.report = report
    limit = report.listLimit ?? Self.defaultLimit
  }

  var processes: [String] {
    let all = report.processes
    guard !all.isEmpty, limit > 0 else { return [] }
    let rows = all.prefix(limit).map { process in
      [process.name, "\(process.pid)"] + usage(process.total)
        + [
          "\(process.total.threads)", readableBytes(process.total.resident_bytes),
          process.total.proportional_bytes.map(readableBytes) ?? "-",
        ]
    }
    return ["", "Processes:", ""]
      + Table(
        ["process", "pid"] + Self.usageHeading + ["threads", "resident", "proportional"],
        rightAligned: Set(1...13), rows: rows
      ).lines + more(all.count, rows.count)
  }

  private static let usageHeading = [
    "CPU", "% of a CPU", "ready", "in kernel", "faults", "major", "voluntary", "involuntary",
    "disk",
  ]

  private func usage(_ usage: SystemReport.ProcessUsage) -> [String] {
    [
      shortDuration(nanoseconds: usage.cpu_ns),
      usage.cpu_percent.map { fixed($0, decimals: 1) } ?? "-",
      shortDuration(nanoseconds: usage.waited_ns), shortDuration(nanoseconds: usage.system_ns),
      grouped(usage.minorFaults), grouped(usage.majorFaults), grouped(usage.voluntarySwitches),
      grouped(usage.involuntarySwitches),
      readableBytes(usage.disk_bytes),
    ]
  }

  private func more(_ all: Int, _ shown: Int) -> [String] {
    all > shown ? ["  … and \(grouped(UInt64(all - shown))) more; -top \(all) shows all"] : []
  }

  var cgroups: [String] {
    var lines: [String] = []
    if !report.cpuCgroups.isEmpty {
      let rows = report.cpuCgroups.map { cgroup in
        [
          shortDuration(nanoseconds: cgroup.usage_ns),
          cgroup.quota_us_per_s.map { fixed(Double($0) / 1e6, decimals: 2) + " CPUs" } ?? "none",
          grouped(cgroup.periods), grouped(cgroup.throttledPeriods),
          shortDuration(nanoseconds: cgroup.throttled_ns), cgroup.path,
        ]
      }
      lines += ["", "CPU time of cgroups:", ""]
      lines +=
        Table(
          ["CPU", "limit", "periods", "throttled", "time", "cgroup"],
          rightAligned: Set(0...4), rows: rows
        ).lines
    }
    if !report.memoryCgroups.isEmpty {
      let rows = report.memoryCgroups.map { cgroup in
        [
          readableBytes(cgroup.usage_bytes), cgroup.limit_bytes.map(readableBytes) ?? "none",
          grouped(cgroup.highEvents), grouped(cgroup.limitEvents), grouped(cgroup.killed),
          cgroup.path,
        ]
      }
      lines += ["", "Memory of cgroups:", ""]
      lines +=
        Table(
          ["at most", "limit", "high", "limit met", "killed", "cgroup"],
          rightAligned: Set(0...4), rows: rows
        ).lines
    }
    return lines
  }

  var devices: [String] {
    var lines: [String] = []
    if !report.disks.isEmpty {
      let rows = report.disks.map { disk in
        [
          disk.name, grouped(disk.reads), readableBytes(disk.read_bytes), grouped(disk.writes),
          readableBytes(disk.written_bytes), percentage(disk.busy_ns, of: report.span_ns),
        ]
      }
      lines += ["", "Disks:", ""]
      lines +=
        Table(
          ["disk", "reads", "read", "writes", "written", "busy"], rightAligned: Set(1...5),
          rows: rows
        ).lines
    }
    if !report.networks.isEmpty {
      let rows = report.networks.map { network in
        [
          network.name, readableBytes(network.received_bytes), grouped(network.receivedPackets),
          readableBytes(network.sent_bytes), grouped(network.sentPackets),
          grouped(network.errors), grouped(network.drops),
        ]
      }
      lines += ["", "Network:", ""]
      lines +=
        Table(
          ["interface", "received", "packets", "sent", "packets", "errors", "dropped"],
          rightAligned: Set(1...6), rows: rows
        ).lines
    }
    return lines
  }

  /// The parts of the time, of the machine and of each listed process.
  var rows: [String] {
    guard report.showsRows, !report.rows.isEmpty, limit > 0 else { return [] }
    let rows = report.rows.prefix(limit).map { row in
      let cpu = row.cpu
      func share(_ time: UInt64) -> String { percentage(time, of: cpu.all_ns) }
      return [
        secondsSinceStart(row.from_ns), share(cpu.busy_ns), share(cpu.iowait_ns),
        share(cpu.steal_ns), row.running_mean.map { fixed($0, decimals: 1) } ?? "-",
        grouped(row.contextSwitches), row.available_bytes.map(readableBytes) ?? "-",
      ]
    }
    var lines = ["", "Machine by time:", ""]
    lines +=
      Table(
        ["start s", "busy", "iowait", "steal", "ready", "switches", "available"],
        rightAligned: Set(0...6), rows: rows
      ).lines
    lines += more(report.rows.count, rows.count)
    for process in report.processes.prefix(limit) {
      let rows = process.rows.prefix(limit).map {
        [secondsSinceStart($0.from_ns)] + usage($0) + [readableBytes($0.resident_bytes)]
      }
      lines += ["", "\(process.name) (\(process.pid)) by time:", ""]
      lines +=
        Table(
          ["start s"] + Self.usageHeading + ["resident"], rightAligned: Set(0...10), rows: rows
        ).lines
      lines += more(process.rows.count, rows.count)
    }
    return lines
  }
}
