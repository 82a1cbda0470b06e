import Glibc
import TraceAnalysis
import TraceExport
import TraceFormat

/// A text on the terminal that is replaced by later ones.
///
/// It is shown on the terminal's alternate screen, so that what was there before comes back.
struct LiveScreen {
  private var isShown = false

  /// Shows a text from its beginning, as far as the terminal has room, in place of the last one.
  mutating func show(_ text: String) {
    guard Terminal.isInForeground(STDOUT_FILENO) else { return }
    let enter = isShown ? "" : "\u{1b}[?1049h\u{1b}[?25l"
    isShown = true
    // Long lines are cut, not wrapped: a wrapped line would take room for others.
    let page = Self.page(text, rows: Terminal.height)
    write(enter + "\u{1b}[?7l\u{1b}[H" + page + "\u{1b}[J\u{1b}[?7h")
  }

  /// Returns the lines that fit on a page; the last one says how many do not.
  static func page(_ text: String, rows: Int) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    if lines.count > rows {
      let shown = max(rows - 1, 0)
      let more = "… and \(counted(lines.count - shown, "more line"))"
      lines = lines.prefix(shown) + [more]
    }
    return lines.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n")
  }

  /// Returns to the normal screen.
  mutating func leave() {
    if isShown { write("\u{1b}[?25h\u{1b}[?1049l") }
    isShown = false
  }

  private func write(_ text: String) {
    var output = OutputBuffer(DescriptorSink(STDOUT_FILENO))
    output.append(text: text)
    output.flush()
  }
}
