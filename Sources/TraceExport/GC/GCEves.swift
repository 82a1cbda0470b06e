internal import TraceAnalysis

/// What threads did just before the longest pauses of a process in a ``GCReport``.
struct GCEves {
  /// Number of pauses, of threads, of events and of frames shown.
  private static let pausesMax = 3
  private static let threadsMax = 3
  private static let eventsMax = 3
  private static let framesMax = 3

  private let pauses: ArraySlice<GCReport.Pause>

  init(_ process: GCReport.Process, _ limit: Int) {
    pauses = process.longestPauses.prefix(min(limit, Self.pausesMax))
  }

  var lines: [String] {
    let known = pauses.filter { $0.before?.isEmpty == false }
    guard !known.isEmpty else { return [] }
    let length = shortDuration(nanoseconds: GCReport.Pause.before_ns)
    return ["", "What threads did in the \(length) before:"] + known.flatMap(pause)
  }

  private func pause(_ pause: GCReport.Pause) -> [String] {
    let threads = (pause.before ?? []).prefix(Self.threadsMax)
    return [
      "",
      "  \(secondsSinceStart(pause.start_ns)) s, "
        + "pause of \(shortDuration(nanoseconds: pause.duration_ns))",
    ] + threads.flatMap(thread)
  }

  private func thread(_ thread: GCReport.ThreadBefore) -> [String] {
    let cpu = thread.cpu_ns.map { "\(shortDuration(nanoseconds: $0)) CPU, " } ?? ""
    let events = thread.events.prefix(Self.eventsMax).map { "\(grouped($0.count)) \($0.event)" }
    let name = thread.name.isEmpty ? "" : " \(thread.name)"
    return [
      "    thread \(thread.tid)\(name): \(cpu)\(events.joined(separator: ", "))"
    ] + thread.frames.prefix(Self.framesMax).map { "      at " + $0.name }
  }
}
