package import TraceAnalysis

/// Functions by what they cost, one a line:
///
///     excl %   excl ms  incl %   incl ms  function
///       33.9   4,201.2    33.9   4,201.2  libc.so.6!memcpy
package struct NameTableText {
  private let entries: [CallTree.NameEntry]
  /// Of all functions, also those that are not shown.
  private let count: Int
  private let frames: FrameTable
  private let total: UInt64
  private let unit: StackUnit
  private let limit: Int
  private let sortsByInclusive: Bool

  /// At most `limit` functions, those with the most first.
  package init(
    _ calls: CallTree, _ frames: FrameTable, _ unit: StackUnit, limit: Int,
    sortsByInclusive: Bool = false
  ) {
    let named = calls.byName(frameCount: frames.count).filter {
      let kind = frames[$0.frame].kind
      return kind != .process && kind != .thread
    }
    func key(_ entry: CallTree.NameEntry) -> (UInt64, UInt64) {
      let own = unit.amount(of: entry.exclusive)
      let all = unit.amount(of: entry.inclusive)
      return sortsByInclusive ? (all, own) : (own, all)
    }
    count = named.count
    // Names are compared only of what may be shown.
    let least = limit > 0 ? named.map(key).sorted(by: >).prefix(limit).last : nil
    // Equal sums are in order of name, whatever order the events came in.
    entries = named.filter { entry in least.map { key(entry) >= $0 } ?? false }.sorted { a, b in
      let (first, second) = (key(a), key(b))
      return first != second ? first > second : frames[a.frame].name < frames[b.frame].name
    }
    self.frames = frames
    self.unit = unit
    self.limit = limit
    self.sortsByInclusive = sortsByInclusive
    total = unit.amount(of: calls.total)
  }

  /// Lines of at most `width` columns.
  package func write(to output: inout OutputBuffer, width: Int?) {
    let rows = entries.prefix(limit).map { entry -> [String] in
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
      zip(cells, widths).map { $0.right($1) }.joined(separator: "  ") + "  "
    }
    let order = sortsByInclusive ? "inclusive" : "exclusive"
    let shown =
      count > rows.count
      ? "the \(rows.count) with most \(order), of \(count)" : "by \(order)"
    output.append(text: "Functions, \(shown):\n\n\(columns(heading))function\n")
    let room = width.map { max($0 - columns(heading).count, 24) }
    for (entry, row) in zip(entries, rows) {
      let name = escaped(frames[entry.frame].name, .text).shortened(to: room)
      output.append(text: columns(row) + name + "\n")
    }
  }
}
