internal import TraceAnalysis

/// The totals of a process in a ``GCReport``, one kind a line.
struct GCOverview {
  private let process: GCReport.Process

  init(_ process: GCReport.Process) { self.process = process }

  var lines: [String] {
    let span = readableDuration(nanoseconds: process.span_ns)
    return [
      "Process \(process.name) (\(process.pid)): "
        + "\(counted(process.collections.count, "collection")) in \(span)",
      item("paused", paused),
    ] + pauses + memory + stalls + unmatched
  }

  private func item(_ name: String, _ text: String) -> String { "  " + name.padding(to: 11) + text }

  private var paused: String {
    let pauses = process.pauses
    guard pauses.count > 0 else { return "never, as far as is known" }
    let share = process.paused_percent.map { ", \(fixed($0, decimals: 2)) % of the time" } ?? ""
    return "\(time(pauses.total_ns))\(share), in \(counted(pauses.count, "pause"))"
      + (process.pauseSource == .collections
        ? "; without the time to stop the threads, which this runtime does not report" : "")
  }

  private var pauses: [String] {
    var lines: [String] = []
    if process.pauses.count > 0 { lines.append(item("pause", text(process.pauses))) }
    if process.suspensions.count > 0 {
      lines.append(item("stopping", text(process.suspensions)))
    }
    return lines
  }

  private var memory: [String] {
    var lines: [String] = []
    if let bytes = process.allocated_bytes {
      let rate = process.allocated_bytes_per_s.map {
        ", \(readableBytes(UInt64(min($0, 1e18)))) a second"
      }
      lines.append(item("allocated", readableBytes(bytes) + (rate ?? "")))
    }
    if let bytes = process.promoted_bytes {
      lines.append(item("promoted", readableBytes(bytes)))
    }
    if let bytes = process.peakHeap_bytes {
      let last = process.lastHeap_bytes.map { ", \(readableBytes($0)) after the last collection" }
      lines.append(item("heap", "at most \(readableBytes(bytes))\(last ?? "")"))
    }
    return lines
  }

  private var stalls: [String] {
    let stalls = process.stalls
    guard stalls.count > 0 else { return [] }
    return [
      item(
        "stalls",
        "threads waited \(counted(stalls.count, "time")) for memory, \(time(stalls.total_ns)) in "
          + "total; \(text(stalls))")
    ]
  }

  private var unmatched: [String] {
    var parts: [String] = []
    if process.collectionsWithoutStart > 0 {
      parts.append("\(counted(process.collectionsWithoutStart, "collection")) without a beginning")
    }
    if process.suspensionsWithoutStart > 0 {
      parts.append("\(counted(process.suspensionsWithoutStart, "pause")) without a beginning")
    }
    if !process.open.isEmpty { parts.append("\(process.open.count) without an end, see below") }
    return parts.isEmpty ? [] : [item("uncounted", parts.joined(separator: ", "))]
  }

  private func text(_ summary: DurationSummary) -> String {
    "max \(time(summary.max_ns)), mean \(time(summary.mean_ns)), 50 % \(time(summary.p50_ns)), "
      + "90 % \(time(summary.p90_ns)), 95 % \(time(summary.p95_ns)), "
      + "99 % \(time(summary.p99_ns)), 99.9 % \(time(summary.p999_ns))"
  }

  private func time(_ nanoseconds: UInt64) -> String { shortDuration(nanoseconds: nanoseconds) }
}
