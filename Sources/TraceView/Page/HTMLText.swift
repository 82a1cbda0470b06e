/// Writes HTML. Everything from a trace passes through ``text(_:)``.
struct HTMLText {
  private(set) var bytes: [UInt8] = []

  /// Appends markup of this program.
  mutating func raw(_ markup: String) { bytes += Array(markup.utf8) }

  /// Appends text; characters that are markup, invisible, or change the direction of text are
  /// escaped.
  mutating func text(_ text: String, limit: Int = 1000) {
    for scalar in text.cut(bytes: limit).unicodeScalars {
      switch scalar {
      case "&": raw("&amp;")
      case "<": raw("&lt;")
      case ">": raw("&gt;")
      case "\"": raw("&quot;")
      case "'": raw("&#39;")
      case "\n": raw("\n")
      case _ where Self.isHidden(scalar): raw("\\u{\(String(scalar.value, radix: 16))}")
      default: bytes += Array(String(scalar).utf8)
      }
    }
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f...0x9f, 0x61c, 0x200b...0x200f, 0x202a...0x202e, 0x2066...0x2069, 0xfeff:
      true
    default: false
    }
  }

  /// Appends an element with text.
  mutating func element(_ name: String, _ content: String) {
    raw("<\(name)>")
    text(content)
    raw("</\(name.split(separator: " ")[0])>")
  }

  /// Appends a table. Cells of `numbers` columns are aligned to the right.
  mutating func table(_ columns: [String], numbers: Int, _ rows: [[String]]) {
    raw("<table><thead><tr>")
    for (index, column) in columns.enumerated() {
      raw(index < numbers ? "<th class=\"n\">" : "<th>")
      text(column)
      raw("</th>")
    }
    raw("</tr></thead><tbody>\n")
    for row in rows {
      raw("<tr>")
      for (index, cell) in row.enumerated() {
        raw(index < numbers ? "<td class=\"n\">" : "<td>")
        text(cell)
        raw("</td>")
      }
      raw("</tr>\n")
    }
    raw("</tbody></table>\n")
  }
}
