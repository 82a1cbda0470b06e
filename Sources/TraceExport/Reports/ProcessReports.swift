internal import TraceAnalysis

// What reports by process have in common.

extension OutputBuffer {
  /// Writes a report as one JSON object; `body` writes the keys of a process that follow its id,
  /// name and time.
  ///
  /// - Parameter heading: writes further keys of the report, before those of the processes.
  mutating func writeJSON<Written: ProcessReport>(
    _ name: String, _ report: Written, heading: (inout OutputBuffer) -> Void = { _ in },
    _ body: (inout OutputBuffer, Written.Process) -> Void
  ) {
    writeJSON { json in
      json.header(name, report)
      json.field("trace", report.trace)
      json.field("events", report.events)
      heading(&json)
      json.field("processes", each: report.processes) { json, process in
        json.field("pid", process.pid)
        json.field("name", process.name)
        json.field("from_ns", process.from_ns)
        json.field("to_ns", process.to_ns)
        body(&json, process)
      }
    }
  }

  /// Writes a report as text: a heading, then the lines of each process. Names are escaped.
  mutating func writeText<Written: ProcessReport>(
    _ title: String, _ report: Written, _ lines: (Written.Process) -> [String]
  ) {
    var all = ["\(report.trace): \(title)"] + report.completeness(events: report.events)
    for process in report.processes { all += [""] + lines(process) }
    for line in all {
      append(escaped: line)
      append("\n")
    }
  }

  /// Writes a table as comma-separated values, each row ended by CR LF. Each row begins with the
  /// process's id and name. An unknown value is an empty cell.
  mutating func writeCSV<Written: ProcessReport, Row>(
    _ columns: [String], _ report: Written, rows: (Written.Process) -> [Row],
    _ cells: (Row, Written.Process) -> [String?]
  ) {
    writeCSV(["pid", "name"] + columns)
    for process in report.processes {
      for row in rows(process).prefix(report.listLimit ?? .max) {
        writeCSV([csv(process.pid), process.name] + cells(row, process))
      }
    }
  }
}

/// Returns a line with the number of rows that a table leaves out; nothing if it shows all.
func leftOut(_ count: Int, shown: Int) -> [String] {
  let more = count - shown
  return more > 0 ? ["  … and \(grouped(UInt64(more))) more; -top \(count) shows all"] : []
}
