internal import TraceEvents
public import TraceFormat

/// Makes a ``SystemReport``.
///
/// - Guarantee: an amount is the sum of the increases between two readings that both lie in the
///   selected time; it is never negative, whatever the counters do.
/// - Cost: reads only the blocks with counters and process events, and decodes only these. Memory
///   is about 250 bytes per reading of the machine, and 150 per reading of a process.
public final class SystemPass: ReportPass {
  private let selection: ReportSelection
  private let every_ns: Int64?
  private let listLimit: Int?
  private var file: TraceFile?
  private var processes: Processes?
  private var sums: SystemSums

  /// - Parameters:
  ///   - every_ns: length of the parts into which the report divides the time; nil for one part per
  ///     reading.
  ///   - listLimit: the report's ``SystemReport/listLimit``.
  public init(
    _ selection: ReportSelection = ReportSelection(), every_ns: Int64? = nil, listLimit: Int? = nil
  ) {
    (self.selection, self.every_ns, self.listLimit) = (selection, every_ns, listLimit)
    sums = SystemSums(selection, every_ns: every_ns)
  }

  /// Subscribes to the counters and the events about processes.
  public func subscribe(to replay: Replay) {
    file = replay.file
    let processes = Processes(replay.file)
    processes.subscribe(to: replay)
    self.processes = processes
    let choice = ProcessChoice(selection, processes)
    replay.on(SystemCounters.self) { [self] event, _ in sums.settings = event }
    replay.on(CPUCounters.self) { [self] in sums.add($0, cpu: $1.cpu, $1.timestamp) }
    replay.on(MachineCounters.self) { [self] in sums.add($0, $1.timestamp) }
    replay.on(PressureCounters.self) { [self] in sums.add($0, $1.timestamp) }
    replay.on(DiskCounters.self) { [self] in sums.add($0, $1.timestamp) }
    replay.on(NetworkCounters.self) { [self] in sums.add($0, $1.timestamp) }
    replay.on(CgroupCPUCounters.self) { [self] in sums.add($0, $1.timestamp) }
    replay.on(CgroupMemoryCounters.self) { [self] in sums.add($0, $1.timestamp) }
    replay.on(ProcessCounters.self) { [self] event, header in
      guard choice.mayAdmit(header) else { return }
      sums.add(event, process: header.processIndex, header.timestamp)
    }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no counters.
  public func finish() throws(NothingToReport) -> SystemReport {
    guard let file, let processes else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    let history = processes.finish()
    var rows: [SystemReport.Process] = []
    for (index, process) in sums.processes {
      let pid = file.process(index: index)?.pid ?? 0
      let known = history.process(pid, at: process.total.from_ns)
      guard selection.admits(known), process.isSelected else { continue }
      rows.append(process.row(pid, known.name))
    }
    guard sums.total.readings > 0 || !rows.isEmpty else {
      throw .nothing(
        "system counters", keyword: "SystemCounters", MachineCounters.schema, file, selection)
    }
    var partial = PartialReason.reasons(of: file)
    if sums.isCut { partial.append(.limited(what: "readings")) }
    var report = sums.report(rows.sorted { ($1.total.cpu_ns, $0.pid) < ($0.total.cpu_ns, $1.pid) })
    report.lost = LostEvents(file.lossTotals)
    report.partial = partial
    report.trace = file.path
    report.events = file.eventCount
    report.listLimit = listLimit
    report.showsRows = every_ns != nil
    report.findings = SystemFindings(report).list
    return report
  }
}
