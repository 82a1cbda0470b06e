internal import TraceAnalysis

/// What a ``SystemReport`` shows, in sentences: one for each number above its threshold.
struct SystemVerdict {
  private let report: SystemReport

  init(_ report: SystemReport) { self.report = report }

  var lines: [String] {
    guard !report.findings.isEmpty else {
      return ["Nothing stands out in these numbers."]
    }
    return ["What stands out:"] + report.findings.map { "  " + Self.sentence($0) }
  }

  /// The number of a finding, and what it means.
  static func sentence(_ finding: SystemReport.Finding) -> String {
    let share = finding.percent.map { fixed($0, decimals: 1) + " %" } ?? "?"
    let time = finding.amount_ns.map(readableDuration) ?? "?"
    let count = finding.count ?? 0
    let process = "\(finding.subject ?? "?")\(finding.pid.map { " (\($0))" } ?? "")"
    let cgroup = "cgroup \(finding.subject ?? "?")"
    switch finding.kind {
    case .steal:
      return "The hypervisor gave \(share) of the CPU time to other machines (steal, \(time))."
    case .throttled:
      return "The CPU limit of \(cgroup) stopped it in \(share) of its periods, \(time) in all."
    case .waited:
      return "\(process) was ready but did not run in \(share) of the time in which it had work, "
        + "\(time)."
    case .cpuPressure:
      return "In \(share) of the time (\(time)) some thread of the machine waited for a CPU."
    case .memoryPressure:
      return "In \(share) of the time (\(time)) some thread waited for memory."
    case .ioPressure:
      return "In \(share) of the time (\(time)) some thread waited for a disk."
    case .iowait:
      return "CPUs were idle in \(share) of their time (\(time)) while threads waited for a disk."
    case .majorFaults:
      return "\(process) read its memory from a disk \(counted(count, "time")) (major faults)."
    case .killed:
      return "\(counted(count, "process was", "processes were")) killed for lack of memory in "
        + "\(cgroup)."
    case .memoryLimit:
      return "The memory limit of \(cgroup) was met \(counted(count, "time"))."
    case .cpu:
      return "\(process) used \(share) of one CPU (\(time)): see 'tracectl stacks' for where."
    }
  }
}
