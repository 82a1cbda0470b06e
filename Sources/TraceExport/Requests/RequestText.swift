public import TraceAnalysis

/// A ``RequestReport`` for human readers: for each process the requests by name with percentiles,
/// then the slowest and what they did.
public struct RequestText: Renderer {
  /// Number of groups listed if the report does not say.
  private static let defaultLimit = 20
  /// Number of kinds of events shown for a request.
  private static let eventsLimit = 4
  private static let openLimit = 20

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names and ids are escaped.
  public func render(
    _ report: RequestReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let limit = report.listLimit ?? Self.defaultLimit
    output.writeText("requests", report) {
      [heading($0)] + groups($0, limit) + slowest($0, limit) + unfinished($0)
    }
  }

  private func heading(_ process: RequestReport.Process) -> String {
    let count = process.groups.reduce(0) { $0 + $1.durations.count }
    var text =
      "Process \(process.name) (\(process.pid)): \(counted(count, "request")) in "
      + readableDuration(nanoseconds: process.span_ns)
    if process.openCount > 0 { text += "; \(grouped(UInt64(process.openCount))) without an end" }
    if process.stopsWithoutStart > 0 {
      text += "; \(grouped(UInt64(process.stopsWithoutStart))) without a start"
    }
    return text
  }

  private func groups(_ process: RequestReport.Process, _ limit: Int) -> [String] {
    let rows = process.groups.prefix(limit).map { group in
      let durations = group.durations
      return [
        grouped(UInt64(durations.count)), time(durations.total_ns), time(durations.mean_ns),
        time(durations.p50_ns), time(durations.p90_ns), time(durations.p99_ns),
        time(durations.max_ns), title(group.activity, group.name),
      ]
    }
    guard !rows.isEmpty else { return [] }
    return [""]
      + Table(
        ["count", "total", "mean", "50 %", "90 %", "99 %", "max", "request"],
        rightAligned: Set(0...6), rows: rows
      ).lines + leftOut(process.groups.count, shown: rows.count)
  }

  private func slowest(_ process: RequestReport.Process, _ limit: Int) -> [String] {
    let rows = process.slowest.prefix(limit).map { request in
      let states = request.split.states
      return [
        secondsSinceStart(request.start_ns), time(request.duration_ns),
        (states?.running_ns ?? request.split.cpu_ns).map(time) ?? "-",
        (states?.runnable_ns).map(time) ?? "-", (states?.blocked_ns).map(time) ?? "-",
        request.split.gcPause_ns.map(time) ?? "-",
        request.startThread == request.stopThread ? "\(request.startThread)" : "several",
        request.id, title(request.activity, request.name), events(request.split.events),
      ]
    }
    guard !rows.isEmpty else { return [] }
    return ["", "The slowest:", ""]
      + Table(
        [
          "start s", "time", "CPU", "ready", "blocked", "GC pause", "thread", "id", "request",
          "events",
        ],
        rightAligned: Set(0...7), rows: rows
      ).lines
  }

  private func events(_ counts: [RequestReport.EventCount]) -> String {
    if counts.isEmpty { return "-" }
    let shown = counts.prefix(Self.eventsLimit).map { "\(grouped($0.count)) \($0.event)" }
    return shown.joined(separator: ", ") + (counts.count > shown.count ? ", …" : "")
  }

  private func unfinished(_ process: RequestReport.Process) -> [String] {
    guard !process.open.isEmpty else { return [] }
    let rows = process.open.prefix(Self.openLimit).map { open in
      [
        secondsSinceStart(open.start_ns), open.id, title(open.activity, open.name),
        open.reason.rawValue,
      ]
    }
    let more = process.openCount - rows.count
    return ["", "Without an end:", ""]
      + Table(["start s", "id", "request", "why"], rightAligned: [0, 1], rows: rows).lines
      + (more > 0 ? ["  … and \(grouped(UInt64(more))) more"] : [])
  }

  private func title(_ activity: String, _ name: String) -> String {
    name.isEmpty ? activity : "\(activity) \(name)"
  }

  private func time(_ nanoseconds: UInt64) -> String { shortDuration(nanoseconds: nanoseconds) }
}
