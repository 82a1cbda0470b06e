public import TraceAnalysis

/// The parts of the time of a ``SystemReport`` as comma-separated values: a row for the machine,
/// whose pid is empty, and one for each process.
public struct SystemCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table by time, of the machine and each process")

  public init() {}

  private static let columns = [
    "from_ns", "to_ns", "pid", "name", "cpu_ns", "user_ns", "nice_ns", "system_ns", "idle_ns",
    "iowait_ns", "steal_ns", "waited_ns", "context_switches", "voluntary_switches",
    "involuntary_switches",
    "minor_faults", "major_faults", "running_mean", "available_min_bytes", "resident_max_bytes",
    "read_bytes", "written_bytes", "cpu_some_ns", "memory_some_ns", "io_some_ns",
  ]

  /// Writes a heading and the rows, each ended by CR LF. A value that a row does not have is an
  /// empty cell.
  public func render(
    _ report: SystemReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns)
    let limit = report.listLimit ?? .max
    for row in report.rows.prefix(limit) {
      let cpu = row.cpu
      output.writeCSV([
        csv(row.from_ns), csv(row.to_ns), nil, nil, csv(cpu.busy_ns),
        csv(cpu.user_ns), csv(cpu.nice_ns), csv(cpu.system_ns), csv(cpu.idle_ns),
        csv(cpu.iowait_ns), csv(cpu.steal_ns), nil, csv(row.contextSwitches), nil, nil, nil, nil,
        csv(row.running_mean), csv(row.available_bytes), nil, nil, nil,
        csv(row.pressure?.cpuSome_ns), csv(row.pressure?.memorySome_ns),
        csv(row.pressure?.ioSome_ns),
      ])
    }
    for process in report.processes.prefix(limit) {
      for row in process.rows.prefix(limit) {
        output.writeCSV([
          csv(row.from_ns), csv(row.to_ns), csv(process.pid), process.name, csv(row.cpu_ns),
          csv(row.user_ns), nil, csv(row.system_ns), nil, nil, nil, csv(row.waited_ns), nil,
          csv(row.voluntarySwitches), csv(row.involuntarySwitches), csv(row.minorFaults),
          csv(row.majorFaults), nil, nil, csv(row.resident_bytes), csv(row.read_bytes),
          csv(row.written_bytes), nil, nil, nil,
        ])
      }
    }
  }
}
