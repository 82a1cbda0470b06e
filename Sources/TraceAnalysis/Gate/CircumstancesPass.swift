internal import TraceEvents
public import TraceFormat

/// Reads under which circumstances a trace was taken, for comparisons with other runs.
///
/// - Cost: reads the headers of CPU samples, and the events about processes.
public final class CircumstancesPass: Pass {
  /// Share of the samples from which a program is named, from 0 to 1.
  private static let programShare = 0.05

  private let selection: ReportSelection
  private let sampling = SamplingPass()
  private var file: TraceFile?
  private var processes: Processes?
  /// Number of samples and time of the first, by process id.
  private var samples: [UInt32: (count: UInt64, time: Int64)] = [:]

  public init(_ selection: ReportSelection = ReportSelection()) { self.selection = selection }

  /// Subscribes to CPU samples and the events about processes.
  public func subscribe(to replay: Replay) {
    file = replay.file
    let processes = Processes(replay.file)
    processes.subscribe(to: replay)
    self.processes = processes
    sampling.subscribe(to: replay)
    var filter = ReplayFilter()
    filter.time = selection.time
    filter.pids = selection.pids
    filter.admits = {
      $0.provider == SystemSchema.providerName && $0.id == SampledProfile.eventID
    }
    replay.onAny(where: filter, fields: .none) { [self] event in
      let header = event.header
      samples[header.pid, default: (0, header.timestamp)].count &+= 1
    }
  }

  /// Returns the circumstances.
  public func finish() -> GateRun.Circumstances {
    guard let file, let processes else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    let lost = LostEvents(file.lossTotals).events
    let all = Double(lost) + Double(file.eventCount)
    return GateRun.Circumstances(
      trace: file.path, programs: programs(processes.finish(), file),
      cpus: Double(file.session.machine.cpuCount),
      rate_hz: Double(sampling.finish()?.rate ?? 0),
      lost_percent: all > 0 ? Double(lost) / all * 100 : 0,
      isPartial: !PartialReason.reasons(of: file).isEmpty)
  }

  private func programs(_ history: ProcessHistory, _ file: TraceFile) -> [String] {
    let total = samples.values.reduce(0) { $0 + Double($1.count) }
    let named = samples.filter { Double($0.value.count) >= total * Self.programShare }
      .map { history.process($0.key, at: $0.value.time).name }
    if !named.isEmpty { return Set(named).sorted() }
    let paths = file.processes.map(\.executable)
    return Set(paths.compactMap { $0.split(separator: "/").last.map(String.init) }).sorted()
  }
}
