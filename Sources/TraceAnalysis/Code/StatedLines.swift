internal import TraceEvents
internal import TraceSymbols

/// Source lines that an importer stated for addresses: see `ProfileLine`.
struct StatedLines {
  private struct Entry {
    var file: UInt32
    var line: UInt32
    var systemName: UInt32
    var isInlined: Bool
  }

  /// Maximum number of lines; later ones are dropped.
  static let linesMax = 1 << 22

  private var entries: [UInt64: Entry] = [:]
  /// Files and names.
  private var texts: [String] = []
  private var numbers: [String: UInt32] = [:]

  var isEmpty: Bool { entries.isEmpty }

  mutating func add(_ line: ProfileLine) {
    guard entries.count < Self.linesMax else { return }
    entries[line.address >> 4] = Entry(
      file: number(of: line.file), line: line.line, systemName: number(of: line.systemName),
      isInlined: line.isInlined)
  }

  private mutating func number(of text: String) -> UInt32 {
    if let known = numbers[text] { return known }
    let number = UInt32(texts.count)
    texts.append(text)
    numbers[text] = number
    return number
  }

  /// The line of an address; nil if none was stated.
  func frames(_ address: UInt64) -> SourceFrames? {
    guard let entry = entries[address >> 4] else { return nil }
    let file = texts[Int(entry.file)]
    let line = file.isEmpty && entry.line == 0 ? nil : SourceLine(file: file, line: entry.line)
    return SourceFrames(
      line: line, isInlined: entry.isInlined, systemName: texts[Int(entry.systemName)])
  }
}
