public import TraceAnalysis

/// A ``ThreadReport`` for human readers: for each process its times, a table of threads, and where
/// they waited longest.
public struct ThreadText: Renderer {
  /// Number of threads listed if the report does not say.
  private static let defaultLimit = 20
  /// Number of places shown, and of frames of a stack.
  private static let placesLimit = 5
  private static let framesLimit = 12
  private static let wakersLimit = 2
  private static let wakerFramesLimit = 6
  private static let openLimit = 5

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: ThreadReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var lines = ["\(report.trace): time of threads"] + report.completeness(events: report.events)
    lines += notes(report)
    let limit = report.listLimit ?? Self.defaultLimit
    for process in report.processes {
      lines += [""] + overview(process) + threads(process, limit)
      let places = process.waits.prefix(report.listLimit ?? Self.placesLimit)
      for wait in places where wait.total_ns > 0 {
        lines += place(wait, of: process)
      }
      lines += longest(process) + unfinished(process)
    }
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }

  private func notes(_ report: ThreadReport) -> [String] {
    var notes: [String] = []
    if !report.hasWakeUps {
      notes.append(
        "  wake-ups   not recorded: the time from a wake-up until the thread runs counts as blocked"
      )
    }
    if !report.hasStacks {
      notes.append(
        "  stacks     not recorded (-stacks ContextSwitch): why threads wait is not known")
    }
    return notes
  }

  private func overview(_ process: ThreadReport.Process) -> [String] {
    let times = process.times
    func part(_ name: String, _ time: UInt64, _ more: String = "") -> String {
      "  \(name.padding(to: 10)) \(shortDuration(nanoseconds: time)), "
        + percentage(time, of: times.life_ns) + more
    }
    var lines = [
      "Process \(process.name) (\(process.pid)): \(counted(process.threads.count, "thread")), "
        + "\(shortDuration(nanoseconds: times.life_ns)) of thread time",
      part("running", times.running_ns),
      part(
        "runnable", times.runnable_ns,
        "; \(shortDuration(nanoseconds: times.preempted_ns)) of it after "
          + counted(times.preemptions, "preemption")),
      part("blocked", times.blocked_ns, ", in \(counted(times.waits, "wait"))"),
    ]
    if times.unknown_ns > 0 {
      lines.append(
        part("unknown", times.unknown_ns, "; before a thread's first event, or events are missing"))
    }
    let rows = process.reasons.map { reason in
      [
        reason.reason.rawValue, grouped(reason.count), shortDuration(nanoseconds: reason.total_ns),
        shortDuration(nanoseconds: reason.max_ns),
      ]
    }
    guard !rows.isEmpty else { return lines }
    return lines + [""]
      + Table(["blocked by", "waits", "total", "longest"], rightAligned: [1, 2, 3], rows: rows)
      .lines
  }

  private func threads(_ process: ThreadReport.Process, _ limit: Int) -> [String] {
    let rows = process.threads.prefix(limit).map { thread in
      let times = thread.times
      return [
        "\(thread.tid)", shortDuration(nanoseconds: times.life_ns),
        shortDuration(nanoseconds: times.running_ns), shortDuration(nanoseconds: times.runnable_ns),
        shortDuration(nanoseconds: times.blocked_ns), shortDuration(nanoseconds: times.unknown_ns),
        grouped(times.waits), thread.reasons.first?.reason.rawValue ?? "-", thread.name,
      ]
    }
    guard !rows.isEmpty else { return [] }
    return [""]
      + Table(
        [
          "thread", "life", "running", "runnable", "blocked", "unknown", "waits", "most by", "name",
        ], rightAligned: [0, 1, 2, 3, 4, 5, 6], rows: rows
      ).lines + leftOut(process.threads.count, shown: rows.count)
  }

  private func place(_ wait: ThreadReport.Wait, of process: ThreadReport.Process) -> [String] {
    guard !wait.frames.isEmpty else { return [] }
    let share = percentage(wait.total_ns, of: process.times.blocked_ns)
    var lines = [
      "",
      "blocked by \(wait.reason.rawValue): \(shortDuration(nanoseconds: wait.total_ns)), \(share) "
        + "of the waiting, \(counted(wait.count, "wait")) of \(counted(wait.threads, "thread"))",
    ]
    lines += frames(wait.frames, Self.framesLimit, indent: "    ")
    for waker in wait.wakers.prefix(Self.wakersLimit) {
      lines.append("  woken by \(title(waker, process)), \(counted(waker.count, "time"))")
      lines += frames(waker.frames, Self.wakerFramesLimit, indent: "      ")
    }
    return lines
  }

  private func title(_ waker: ThreadReport.Waker, _ process: ThreadReport.Process) -> String {
    guard waker.context == "thread" else {
      return waker.context == "interrupt" ? "an interrupt" : "a \(waker.context)"
    }
    let name = waker.name.isEmpty ? "" : " \(waker.name)"
    if waker.pid == process.pid { return "thread \(waker.tid)\(name)" }
    if waker.pid == 0 { return "thread \(waker.tid) of another program" }
    return "thread \(waker.tid)\(name) of process \(waker.pid)"
  }

  private func frames(_ frames: [StackFrame], _ limit: Int, indent: String) -> [String] {
    let more = frames.count - limit
    return frames.prefix(limit).map { indent + $0.name }
      + (more > 0 ? ["\(indent)… and \(counted(more, "more frame"))"] : [])
  }

  private func longest(_ process: ThreadReport.Process) -> [String] {
    guard !process.longest.isEmpty else { return [] }
    let rows = process.longest.map { wait in
      [
        secondsSinceStart(wait.start_ns), shortDuration(nanoseconds: wait.wait_ns), "\(wait.tid)",
        wait.reason.rawValue, wait.name,
      ]
    }
    return ["", "The longest waits:", ""]
      + Table(
        ["start s", "wait", "thread", "reason", "name"], rightAligned: [0, 1, 2], rows: rows
      )
      .lines
  }

  private func unfinished(_ process: ThreadReport.Process) -> [String] {
    guard process.openCount > 0 else { return [] }
    let rows = process.open.prefix(Self.openLimit).map { wait in
      [
        secondsSinceStart(wait.start_ns), "\(wait.tid)", wait.reason.rawValue, wait.cause.rawValue,
        wait.name,
      ]
    }
    let more = process.openCount - UInt64(rows.count)
    return ["", "Waits without an end:", ""]
      + Table(["start s", "thread", "reason", "why", "name"], rightAligned: [0, 1], rows: rows)
      .lines
      + (more > 0 ? ["  … and \(grouped(more)) more"] : [])
  }
}
