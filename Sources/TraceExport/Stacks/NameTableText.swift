internal import TraceAnalysis

/// Functions by cost, one per line:
///
///     excl %   excl ms  incl %   incl ms  function
///       33.9   4,201.2    33.9   4,201.2  libc.so.6!memcpy
struct NameTableText {
  private let functions: [StackReport.Function]
  /// Number of all functions, including those not shown.
  private let count: Int
  private let total: UInt64
  private let unit: StackUnit
  private let sortsByInclusive: Bool

  /// Creates a table of at most `limit` functions, those with the highest amounts first.
  init(_ report: StackReport, limit: Int) {
    sortsByInclusive = report.parts.sortsByInclusive
    (functions, count) = report.functions(limit: limit, byInclusive: sortsByInclusive)
    unit = report.unit
    total = unit.amount(of: report.calls.total)
  }

  /// Writes lines of at most `width` columns.
  func write(to output: inout OutputBuffer, width: Int?) {
    let rows = functions.map { entry -> [String] in
      let own = unit.amount(of: entry.exclusive)
      let all = unit.amount(of: entry.inclusive)
      return [
        percent(own, of: total), own == 0 ? "" : unit.text(own), percent(all, of: total),
        unit.text(all),
      ]
    }
    let heading = ["excl %", "excl \(unit.heading)", "incl %", "incl \(unit.heading)"]
    let widths = heading.indices.map { column in
      rows.map { $0[column].count }.reduce(heading[column].count, max)
    }
    func columns(_ cells: [String]) -> String {
      zip(cells, widths).map { $0.indented(to: $1) }.joined(separator: "  ") + "  "
    }
    let order = sortsByInclusive ? "inclusive" : "exclusive"
    let shown =
      count > rows.count
      ? "the top \(rows.count) by \(order) cost, of \(count)" : "by \(order)"
    output.append(text: "Functions, \(shown):\n\n\(columns(heading))function\n")
    let room = width.map { max($0 - columns(heading).count, 24) }
    for (function, row) in zip(functions, rows) {
      let name = escaped(function.frame.name, .text).shortened(to: room)
      output.append(text: columns(row) + name + "\n")
    }
  }
}
