public import TraceAnalysis

/// A ``JITReport`` for human readers: for each process the totals, then tables of tiers, of the
/// code over time, and of the most expensive compilations.
public struct JITText: Renderer {
  /// Number of compilations listed if the report does not say.
  private static let defaultLimit = 20

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: JITReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeText("compilations", report) { process in
      overview(process) + tiers(process) + code(process)
        + compilations(process, report.listLimit ?? Self.defaultLimit)
    }
  }

  private func overview(_ process: JITReport.Process) -> [String] {
    func item(_ name: String, _ text: String) -> String { "  " + name.padding(to: 11) + text }
    let times = process.times
    var lines = [
      "Process \(process.name) (\(process.pid)): "
        + "\(counted(process.compiled, "compilation")), "
        + "\(readableBytes(process.code_bytes)) of code"
    ]
    lines.append(
      item(
        "time",
        times.count == 0
          ? "not known: this runtime does not report when it begins"
          : "\(time(times.total_ns)) for \(grouped(UInt64(times.count))) of them, "
            + "mean \(time(times.mean_ns)), 99 % \(time(times.p99_ns)), max \(time(times.max_ns))"))
    if process.recompiled > 0 {
      let changes = process.tierChanges.map {
        "\($0.from.name) to \($0.to.name) \(grouped(UInt64($0.count)))"
      }.joined(separator: ", ")
      lines.append(
        item(
          "again",
          "\(counted(process.recompiled, "compilation")) of methods that had code before"
            + (changes.isEmpty ? "" : ": \(changes)")))
    }
    if process.unloaded > 0 {
      lines.append(
        item(
          "unloaded",
          "\(counted(process.unloaded, "time")), \(readableBytes(process.unloaded_bytes))"))
    }
    if process.moved > 0 { lines.append(item("moved", counted(process.moved, "time"))) }
    if process.before > 0 {
      lines.append(
        item(
          "before",
          "\(counted(process.before, "method")) had code before the session, "
            + readableBytes(process.before_bytes)))
    }
    if process.withoutCode > 0 {
      lines.append(
        item("no code", "\(counted(process.withoutCode, "compilation")) without reported code"))
    }
    return lines
  }

  private func tiers(_ process: JITReport.Process) -> [String] {
    guard !process.tiers.isEmpty else { return [] }
    let rows = process.tiers.map { tier in
      let isTimed = tier.times.count > 0
      return [
        tier.tier.name, grouped(UInt64(tier.compiled)), readableBytes(tier.code_bytes),
        isTimed ? time(tier.times.total_ns) : "-", isTimed ? time(tier.times.mean_ns) : "-",
        isTimed ? time(tier.times.max_ns) : "-",
      ]
    }
    return [""]
      + Table(
        ["tier", "compiled", "code", "time", "mean", "max"], rightAligned: [1, 2, 3, 4, 5],
        rows: rows
      ).lines
  }

  private func code(_ process: JITReport.Process) -> [String] {
    let most = process.codeOverTime.map(\.code_bytes).max() ?? 0
    guard most > 0 else { return [] }
    let rows = process.codeOverTime.map { size in
      let length = Int(Double(size.code_bytes) / Double(most) * 40)
      return [
        secondsSinceStart(size.time_ns), readableBytes(size.code_bytes),
        String(repeating: "#", count: length),
      ]
    }
    return ["", "Code in place, at most \(readableBytes(process.peakCode_bytes)):", ""]
      + Table(["time s", "code", ""], rightAligned: [0, 1], rows: rows).lines
  }

  private func compilations(_ process: JITReport.Process, _ limit: Int) -> [String] {
    let shown = process.compilations.prefix(limit)
    guard !shown.isEmpty else { return [] }
    let rows = shown.map { row in
      [
        row.time_ns.map(time) ?? "-", readableBytes(row.code_bytes),
        row.il_bytes.map(readableBytes) ?? "-", secondsSinceStart(row.start_ns), row.tier.name,
        row.method,
      ]
    }
    return ["", "The most expensive compilations:", ""]
      + Table(
        ["time", "code", "byte code", "start s", "tier", "method"], rightAligned: [0, 1, 2, 3],
        rows: rows
      ).lines
      + leftOut(process.compilations.count, shown: rows.count)
  }

  private func time(_ nanoseconds: UInt64) -> String { shortDuration(nanoseconds: nanoseconds) }
}
