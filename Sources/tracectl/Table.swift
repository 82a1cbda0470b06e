/// Text in columns, two spaces apart, under a heading.
struct Table {
  private let rows: [[String]]
  private let rightAligned: Set<Int>

  init(_ heading: [String], rightAligned: Set<Int> = [], rows: [[String]]) {
    self.rows = [heading] + rows
    self.rightAligned = rightAligned
  }

  var lines: [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
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
