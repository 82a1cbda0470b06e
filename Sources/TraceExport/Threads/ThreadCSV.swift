public import TraceAnalysis

/// The threads of a ``ThreadReport`` as comma-separated values, one row each.
public struct ThreadCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of threads")

  public init() {}

  private static let columns =
    [
      "tid", "thread", "from_ns", "to_ns", "life_ns", "running_ns", "runnable_ns", "preempted_ns",
      "blocked_ns", "unknown_ns", "waits", "preemptions",
    ] + WaitReason.allCases.map { "blocked_" + $0.rawValue.replacing(" ", with: "_") + "_ns" }

  /// Writes a heading and the rows, each ended by CR LF. The columns after `preemptions` divide
  /// `blocked_ns` by reason; without any wait for a reason, the cell is empty.
  public func render(
    _ report: ThreadReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns, report, rows: \.threads) { thread, _ in
      let times = thread.times
      let reasons = WaitReason.allCases.map { reason in
        csv(thread.reasons.first { $0.reason == reason }?.total_ns)
      }
      return [
        csv(thread.tid), thread.name, csv(thread.from_ns), csv(thread.to_ns), csv(times.life_ns),
        csv(times.running_ns), csv(times.runnable_ns), csv(times.preempted_ns),
        csv(times.blocked_ns), csv(times.unknown_ns), csv(times.waits), csv(times.preemptions),
      ] + reasons
    }
  }
}
