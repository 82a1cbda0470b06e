public import TraceAnalysis
import TraceEvents
import TraceFormat

/// An ``InfoReport`` for human readers: the session, then tables of events, processes and losses.
public struct InfoText: Renderer {
  /// Maximum number of processes listed individually.
  static let processLimit = 200

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: InfoReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let lines =
      heading(report) + events(report) + processes(report.processes) + losses(report.losses)
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }

  private func item(_ name: String, _ text: String) -> String { "  " + name.padding(to: 10) + text }

  private func heading(_ report: InfoReport) -> [String] {
    let session = report.session
    let machine = session.machine
    let state = report.unfinishedState.map { "not finished: \($0)" } ?? "complete"
    let sampling = report.sampling.map { [item("sampling", $0.text)] } ?? []
    let start = UTCTime(unixNanoseconds: Int64(truncatingIfNeeded: report.start_unix_ns))
    return [
      "\(report.trace)  \(readableBytes(report.size_bytes)), \(state)",
      item("session", "\(session.name), mode \(session.mode.longName)"),
      item(
        "machine",
        "\(machine.hostName), \(machine.operatingSystem), \(machine.architecture), "
          + counted(machine.cpuCount, "CPU")),
      item("clock", clock(report)),
      item("start", start.text),
      item(
        "duration",
        "\(readableDuration(nanoseconds: report.duration_ns)) from first to last event"),
      item("events", eventTotals(report)),
    ] + sampling + [item("lost", lost(report)), item("damage", damage(report))]
  }

  private func clock(_ report: InfoReport) -> String {
    let syncs = counted(report.clockSyncs, "sync") + " with the wall clock"
    switch report.session.clock {
    case .counter:
      let gigahertz = fixed(Double(report.session.ticksPerSecond) / 1e9, decimals: 3)
      return "invariant counter, \(gigahertz) GHz, \(syncs)"
    case .monotonic: return "CLOCK_MONOTONIC, \(syncs)"
    }
  }

  private func eventTotals(_ report: InfoReport) -> String {
    guard report.events > 0 else { return "none" }
    let count = Double(report.events)
    let size = "\(fixed(Double(report.size_bytes) / count, decimals: 2)) bytes each"
    guard report.duration_ns > 0 else { return "\(grouped(report.events)) (\(size))" }
    let rate = grouped(UInt64(count / (Double(report.duration_ns) / 1e9)))
    return "\(grouped(report.events)) (\(size), \(rate) a second) in "
      + counted(report.blocks, "block")
  }

  private func lost(_ report: InfoReport) -> String {
    let lost = report.lost
    guard lost.events > 0 else { return lost.text(recorded: report.events) }
    return "*** \(counted(lost.events, "EVENT", "EVENTS")) LOST "
      + "(\(lost.share(recorded: report.events))), see below ***"
  }

  private func damage(_ report: InfoReport) -> String {
    guard let (bytes, places) = report.unreadable else { return "none" }
    return "*** \(readableBytes(bytes)) NOT READABLE in \(counted(places, "place")) ***"
  }

  private func events(_ report: InfoReport) -> [String] {
    if report.eventTypes.isEmpty { return [] }
    let rows = report.eventTypes.map { row in
      ["\(row.provider)/\(row.name)", grouped(row.count), row.level.name, row.keywords.text]
    }
    return [""]
      + Table(["event", "count", "level", "keywords"], rightAligned: [1], rows: rows).lines
  }

  private func processes(_ processes: [InfoReport.ProcessRow]) -> [String] {
    if processes.isEmpty { return [] }
    let rows = processes.prefix(Self.processLimit).map { process in
      [
        "\(process.pid)", time(process.joined_ns), process.ended_ns.map(time) ?? "-",
        ([process.executable] + process.arguments.dropFirst()).joined(separator: " "),
      ]
    }
    var lines =
      [""]
      + Table(["pid", "joined", "ended", "command"], rightAligned: [0, 1, 2], rows: rows).lines
    let more = processes.count - rows.count
    if more > 0 { lines.append("  … and \(counted(more, "more process", "more processes"))") }
    return lines
  }

  private func losses(_ losses: [InfoReport.LossRow]) -> [String] {
    let rows = losses.map { loss in
      [
        grouped(loss.events), loss.cause.name, loss.cpu.map { "\($0)" } ?? "-",
        time(loss.from_ns), time(loss.to_ns), loss.pid?.description ?? "-",
      ]
    }
    if rows.isEmpty { return [] }
    return [""]
      + Table(
        ["lost", "cause", "cpu", "from", "to", "pid"], rightAligned: [0, 2, 3, 4, 5], rows: rows
      ).lines
  }

  private func time(_ nanoseconds: Int64) -> String {
    fixed(Double(nanoseconds) / 1e9, decimals: 3) + " s"
  }
}

extension KeywordNames {
  /// Names such as `GC+JIT`, with unnamed bits in hexadecimal; `-` for none.
  var text: String {
    let rest = unnamed.isEmpty ? [] : ["0x" + String(unnamed.rawValue, radix: 16)]
    let all = names + rest
    return all.isEmpty ? "-" : all.joined(separator: "+")
  }
}

extension BufferMode {
  var name: String {
    switch self {
    case .discard: "discard"
    case .overwrite: "overwrite"
    case .block: "block"
    }
  }

  fileprivate var longName: String {
    self == .overwrite ? "overwrite (flight recorder)" : name
  }
}
