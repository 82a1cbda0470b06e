// Tables as comma-separated values (RFC 4180).

extension OutputBuffer {
  /// Writes one row. A nil cell is empty. Control characters are escaped, so a row is one line.
  mutating func writeCSV(_ cells: [String?]) {
    for (index, cell) in cells.enumerated() {
      if index > 0 { append(",") }
      if let cell { append(text: csvCell(cell)) }
    }
    append("\r\n")
  }
}

/// Returns the text escaped, and quoted if RFC 4180 requires it.
func csvCell(_ text: String) -> String {
  let needsQuotes = text.utf8.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }
  let safe = escaped(text, .csv)
  return needsQuotes ? "\"\(safe)\"" : safe
}

/// Returns the number for a cell; nil for nil.
func csv(_ value: (some CustomStringConvertible)?) -> String? { value.map(\.description) }
