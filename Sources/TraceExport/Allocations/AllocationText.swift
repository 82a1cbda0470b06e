public import TraceAnalysis

/// An ``AllocationReport`` for human readers: for each process the totals, a table of types, and
/// the stacks that allocate most.
public struct AllocationText: Renderer {
  /// Number of types listed if the report does not say, and of stacks and their frames.
  private static let defaultLimit = 20
  private static let stacksLimit = 5
  private static let framesLimit = 12

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: AllocationReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let limit = report.listLimit ?? Self.defaultLimit
    output.writeText("allocations", report) { process in
      [heading(process)] + types(process, limit)
        + stacks(process, report.listLimit ?? Self.stacksLimit)
    }
  }

  private func heading(_ process: AllocationReport.Process) -> String {
    let rate = process.perSecond(process.total.bytes).map {
      ", \(readableBytes(UInt64(min($0, 1e18)))) a second"
    }
    return
      "Process \(process.name) (\(process.pid)): \(readableBytes(process.total.bytes)) allocated"
      + (rate ?? "") + " in \(readableDuration(nanoseconds: process.span_ns)), according to "
      + counted(process.total.samples, "event")
  }

  private func types(_ process: AllocationReport.Process, _ limit: Int) -> [String] {
    let rows = process.types.prefix(limit).map { row in
      [
        readableBytes(row.amount.bytes), share(row.amount, of: process),
        process.perSecond(row.amount.bytes).map { readableBytes(UInt64(min($0, 1e18))) } ?? "-",
        row.amount.objects == 0 ? "-" : grouped(row.amount.objects), grouped(row.amount.samples),
        row.type.isEmpty ? "?" : row.type,
      ]
    }
    guard !rows.isEmpty else { return [] }
    return [""]
      + Table(
        ["bytes", "%", "a second", "objects", "events", "type"], rightAligned: [0, 1, 2, 3, 4],
        rows: rows
      ).lines + leftOut(process.types.count, shown: rows.count)
  }

  private func stacks(_ process: AllocationReport.Process, _ limit: Int) -> [String] {
    process.stacks.prefix(limit).flatMap { stack in
      let more = stack.frames.count - Self.framesLimit
      return [
        "", "  \(readableBytes(stack.amount.bytes)), \(share(stack.amount, of: process)) %, at",
      ] + stack.frames.prefix(Self.framesLimit).map { "    " + $0.name }
        + (more > 0 ? ["    … and \(counted(more, "more frame"))"] : [])
    }
  }

  private func share(
    _ amount: AllocationReport.Amount, of process: AllocationReport.Process
  ) -> String {
    process.total.bytes == 0
      ? "-" : fixed(Double(amount.bytes) / Double(process.total.bytes) * 100, decimals: 1)
  }
}
