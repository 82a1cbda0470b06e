import Glibc
import TraceAnalysis
import TraceExport
import TraceFormat

/// The progress of a collection.
struct CollectProgress: Hashable {
  var elapsed_ns: Int64 = 0
  var events: UInt64 = 0
  var bytes: UInt64 = 0
  var lost: UInt64 = 0
  /// Number of processes whose providers are recorded; nil if no provider was selected.
  var processes: Int?
  var lossCertainty = LossCertainty.exact
}

/// The progress line on a terminal, rewritten each second; nothing is written without a terminal.
struct ProgressLine {
  private let isTerminal: Bool
  private var last = CollectProgress()
  private var isShown = false

  init(isTerminal: Bool = isatty(STDERR_FILENO) == 1) { self.isTerminal = isTerminal }

  mutating func show(_ now: CollectProgress) {
    defer { last = now }
    guard isTerminal, Terminal.isInForeground(STDERR_FILENO) else { return }
    isShown = true
    // A line that is too long for the terminal is truncated, not wrapped, because a wrapped line
    // could not be cleared.
    write("\r\u{1b}[K\u{1b}[?7l" + Self.text(now, since: last) + "\u{1b}[?7h")
  }

  /// Clears the line, so that further output begins at the left margin.
  mutating func clear() {
    if isShown { write("\r\u{1b}[K") }
    isShown = false
  }

  static func text(_ now: CollectProgress, since last: CollectProgress) -> String {
    let seconds = Double(now.elapsed_ns - last.elapsed_ns) / 1e9
    let rate = seconds > 0 ? Double(now.events &- last.events) / seconds : 0
    let elapsed = fixed(Double(now.elapsed_ns) / 1e9, decimals: 0)
    let processes = now.processes.map { "  " + counted($0, "process", "processes") } ?? ""
    return "\(elapsed) s  \(counted(now.events, "event")) (\(grouped(UInt64(max(0, rate))))/s)  "
      + "\(readableBytes(now.bytes))  \(now.lossCertainty.short(now.lost))\(processes)"
  }

  private func write(_ text: String) {
    var output = OutputBuffer(DescriptorSink(STDERR_FILENO), capacity: 4096)
    output.append(text: text)
    output.flush()
  }
}
