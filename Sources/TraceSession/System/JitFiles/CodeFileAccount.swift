import TraceEvents
import TraceSymbols

/// Statistics and problems of a file that announces code.
struct CodeFileAccount {
  let path: String
  let source: CodeSource
  private(set) var isGivenUp = false
  private var entries: UInt64 = 0
  private var bytesRead: UInt64 = 0
  private var entriesBefore: UInt64 = 0
  private var wastedBytes: UInt64 = 0
  private var notes: [String] = []
  /// Warnings of earlier parsers, before the file was truncated or rewritten.
  private var earlier: [JitFileWarning] = []

  init(path: String, source: CodeSource) {
    self.path = path
    self.source = source
  }

  mutating func countEntry() { entries += 1 }

  /// Counts bytes read, after their entries have been counted. Returns false if too many
  /// consecutive bytes announce nothing, in which case reading of the file stops.
  mutating func read(bytes: Int, _ shared: CodeFileShared) -> Bool {
    bytesRead &+= UInt64(bytes)
    wastedBytes = entries == entriesBefore ? wastedBytes + UInt64(bytes) : 0
    entriesBefore = entries
    guard wastedBytes > shared.wasteBytes else { return true }
    isGivenUp = true
    note(
      "has more than \(shared.wasteBytes >> 20) MiB in a row that announce no code; the "
        + "rest was not read")
    return false
  }

  /// Records a problem once, as a predicate whose subject is the file.
  mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }

  /// Records that the file is read again from its start by a new parser, and keeps the old parser's
  /// warnings.
  mutating func restart(_ note: String, _ warnings: [JitFileWarning]) {
    self.note(note)
    for warning in warnings where !earlier.contains(where: { $0.kind == warning.kind }) {
      earlier.append(warning)
    }
  }

  /// Reports the file, with the last parser's warnings.
  mutating func finish(_ warnings: [JitFileWarning], _ owner: CodeOwner, _ shared: CodeFileShared) {
    for warning in earlier + warnings { note(warning.text) }
    shared.output.add(
      CodeFile(path: path, source: source, entries: entries, bytes: bytesRead, problems: notes),
      of: owner, isRundown: false)
    for text in notes { shared.note(path, text) }
  }
}
