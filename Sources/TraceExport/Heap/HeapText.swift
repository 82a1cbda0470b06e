public import TraceAnalysis

/// A ``HeapReport`` for human readers: for each process the totals, a table of types, and the
/// places that use most, or whose growth is most likely a leak.
public struct HeapText: Renderer {
  /// Number of types listed if the report does not say, and of places and their frames.
  private static let typesLimit = 10
  private static let placesLimit = 5
  private static let framesLimit = 12

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: HeapReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeText(report.ranksGrowth ? "heap growth" : "heap", report) { process in
      heading(process) + types(process, report.listLimit ?? Self.typesLimit)
        + process.places.prefix(report.listLimit ?? Self.placesLimit).flatMap {
          place($0, of: process, report.ranksGrowth)
        }
        + leftOut(
          process.placeCount,
          shown: min(process.places.count, report.listLimit ?? Self.placesLimit))
    }
  }

  private func heading(_ process: HeapReport.Process) -> [String] {
    let totals = process.totals
    let growth = totals.growth_bytes
    var lines = [
      "Process \(process.name) (\(process.pid)): \(bytes(totals.inUse)) in use by "
        + "\(objects(totals.inUse)), \(growth < 0 ? "shrunk" : "grown") by "
        + "\(readableBytes(nearestWhole(growth.magnitude))) in "
        + readableDuration(nanoseconds: process.span_ns),
      "  allocated  \(bytes(totals.allocated)) by \(objects(totals.allocated)), of which "
        + "\(share(totals.freed, totals.allocated)) was freed",
      "  estimated  from \(counted(totals.allocated.samples, "sample"))"
        + (process.interval_bytes > 0
          ? ", one in \(readableBytes(process.interval_bytes))" : ""),
    ]
    if process.dropped > 0 {
      lines.append(
        "  incomplete \(counted(process.dropped, "sample")) did not fit into the program's table; "
          + "sample fewer bytes")
    }
    if process.unreported > 0 {
      lines.append(
        "  incomplete the ends of \(counted(process.unreported, "sample")) were not recorded; "
          + "they seem to be in use")
    }
    return lines
  }

  private func types(_ process: HeapReport.Process, _ limit: Int) -> [String] {
    guard process.types.contains(where: { !$0.type.isEmpty }) else { return [] }
    let rows = process.types.prefix(limit).map { row in
      [
        bytes(row.usage.inUse), share(row.usage.inUse, process.totals.inUse),
        grouped(nearestWhole(row.usage.inUse.objects)), bytes(row.usage.allocated),
        row.type.isEmpty ? "?" : row.type,
      ]
    }
    return [""]
      + Table(
        ["in use", "share", "objects", "allocated", "type"], rightAligned: [0, 1, 2, 3],
        rows: rows
      ).lines + leftOut(process.types.count, shown: rows.count)
  }

  private func place(
    _ place: HeapReport.Place, of process: HeapReport.Process, _ ranksGrowth: Bool
  ) -> [String] {
    let usage = place.usage
    let type = place.type.isEmpty ? "" : " of \(place.type)"
    var line: String
    if ranksGrowth {
      guard usage.growth_bytes > 0 else { return [] }
      line =
        "  +\(readableBytes(nearestWhole(usage.growth_bytes)))\(type), leak "
        + "\(percent(place.likelihood)): steady \(percent(place.steadiness)), "
        + "\(share(usage.freed, usage.allocated)) freed, oldest "
        + shortDuration(nanoseconds: place.oldest_ns)
      if let mean = place.meanLifetime_ns {
        line += ", freed after \(shortDuration(nanoseconds: mean))"
      }
    } else {
      line =
        "  \(bytes(usage.inUse)) in use, \(share(usage.inUse, process.totals.inUse)), by "
        + "\(objects(usage.inUse))\(type); \(bytes(usage.allocated)) allocated"
    }
    let more = place.frames.count - Self.framesLimit
    return ["", line] + place.frames.prefix(Self.framesLimit).map { "    " + $0.name }
      + (more > 0 ? ["    … and \(counted(more, "more frame"))"] : [])
  }

  private func bytes(_ amount: HeapReport.Amount) -> String {
    readableBytes(nearestWhole(amount.bytes))
  }

  private func objects(_ amount: HeapReport.Amount) -> String {
    counted(nearestWhole(amount.objects), "object")
  }

  private func share(_ part: HeapReport.Amount, _ whole: HeapReport.Amount) -> String {
    percentage(nearestWhole(part.bytes), of: nearestWhole(whole.bytes))
  }

  private func percent(_ share: Double) -> String { "\(fixed(share * 100, decimals: 0)) %" }
}
