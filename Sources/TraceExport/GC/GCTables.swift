internal import TraceAnalysis
internal import TraceEvents

/// The tables of a process in a ``GCReport``.
struct GCTables {
  /// Number of collections listed if the report does not say.
  private static let defaultLimit = 20
  private static let openMax = 20

  private let process: GCReport.Process
  private let limit: Int

  init(_ process: GCReport.Process, listLimit: Int?) {
    self.process = process
    limit = listLimit ?? Self.defaultLimit
  }

  var lines: [String] {
    groups("generation", process.generations) { "\($0)" }
      + groups("cause", process.causes, \.name)
      + histogram + longest + GCEves(process, limit).lines + collections + stalls + open
  }

  private func groups<Key>(
    _ heading: String, _ groups: [GCReport.Group<Key>], _ name: (Key) -> String
  ) -> [String] {
    guard !groups.isEmpty else { return [] }
    let rows = groups.map { group in
      [
        name(group.key), grouped(UInt64(group.collections)), time(group.pauses.total_ns),
        time(group.pauses.mean_ns), time(group.pauses.max_ns), time(group.collect_ns),
        size(group.promoted_bytes),
      ]
    }
    return [""]
      + Table(
        [heading, "collections", "paused", "mean", "max", "collecting", "promoted"],
        rightAligned: [1, 2, 3, 4, 5, 6], rows: rows
      ).lines
  }

  private var histogram: [String] {
    guard process.pauses.count > 0 else { return [] }
    return ["", "Pauses by length:", ""] + HistogramText(process.pauses).lines
  }

  private var longest: [String] {
    let pauses = process.longestPauses.prefix(limit)
    guard !pauses.isEmpty else { return [] }
    let rows = pauses.map { pause in
      [
        secondsSinceStart(pause.start_ns), time(pause.duration_ns), time(pause.suspend_ns),
        pause.collection.map { "\($0)" } ?? "-", pause.generation.map { "\($0)" } ?? "-",
        pause.cause?.name ?? "-",
      ]
    }
    let title = pauses.count == 1 ? "The longest pause:" : "The \(pauses.count) longest pauses:"
    return ["", title, ""]
      + Table(
        ["start s", "pause", "stopping", "number", "generation", "cause"],
        rightAligned: [0, 1, 2, 3, 4], rows: rows
      ).lines
  }

  private var collections: [String] {
    let all = process.collections
    guard !all.isEmpty, limit > 0 else { return [] }
    let rows = all.prefix(limit).map { row in
      [
        secondsSinceStart(row.start_ns), "\(row.number)", "\(row.generation)", time(row.pause_ns),
        time(row.suspend_ns), time(row.collect_ns), size(row.allocated_bytes),
        size(row.heapBefore_bytes), size(row.heapAfter_bytes), size(row.promoted_bytes),
        row.survival_percent.map { fixed($0, decimals: 1) + " %" } ?? "-", row.type.name,
        row.cause.name,
      ]
    }
    let table = Table(
      [
        "start s", "number", "gen", "pause", "stopping", "collecting", "allocated", "before",
        "after", "promoted", "survival", "type", "cause",
      ], rightAligned: Set(0...10), rows: rows)
    return ["", "Collections:", ""] + table.lines + leftOut(all.count, shown: rows.count)
  }

  private var stalls: [String] {
    let stalls = process.longestStalls.prefix(limit)
    guard !stalls.isEmpty else { return [] }
    let rows = stalls.map { stall in
      [
        secondsSinceStart(stall.start_ns), time(stall.duration_ns), "\(stall.threadID)",
        stall.threadName,
      ]
    }
    return ["", "The longest waits for memory:", ""]
      + Table(["start s", "wait", "thread", "name"], rightAligned: [0, 1, 2], rows: rows).lines
  }

  private var open: [String] {
    guard !process.open.isEmpty else { return [] }
    let rows = process.open.prefix(Self.openMax).map { open in
      [
        secondsSinceStart(open.start_ns), open.kind.rawValue, "\(open.number)",
        open.reason.rawValue,
      ]
    }
    let more = process.open.count - rows.count
    return ["", "Without an end:", ""]
      + Table(["start s", "began", "number", "why"], rightAligned: [0, 2], rows: rows).lines
      + (more > 0 ? ["  … and \(grouped(UInt64(more))) more"] : [])
  }

  private func time(_ nanoseconds: UInt64?) -> String {
    nanoseconds.map(shortDuration) ?? "-"
  }

  private func size(_ bytes: UInt64?) -> String { bytes.map(readableBytes) ?? "-" }
}
