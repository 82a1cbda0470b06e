/// Text in columns, two spaces apart, with an optional heading.
package struct Table {
  private let rows: [[String]]
  private let rightAligned: Set<Int>

  package init(_ heading: [String]? = nil, rightAligned: Set<Int> = [], rows: [[String]]) {
    self.rows = (heading.map { [$0] } ?? []) + rows
    self.rightAligned = rightAligned
  }

  package var lines: [String] {
    guard let first = rows.first else { return [] }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = " "
      for (column, cell) in row.enumerated() {
        let isLast = column == row.count - 1
        line += " "
        if rightAligned.contains(column) {
          line += cell.indented(to: widths[column])
        } else {
          line += isLast ? cell : cell.padding(to: widths[column])
        }
        if !isLast { line += " " }
      }
      return line
    }
  }
}
