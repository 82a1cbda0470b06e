internal import Glibc
internal import TraceEvents
internal import TraceFormat
internal import TraceSymbols

/// The process whose code a file announces.
struct CodeFileOwner {
  var pid: UInt32
  /// The trace's number of the process.
  var process: UInt32
  /// When its program began; 0 if that is not known.
  var began: UInt64
  /// When it ended; nil if it did not.
  var end: UInt64?
  /// When the recording began.
  var start: UInt64
  /// The time of the events.
  var ticks: UInt64
}

/// Writes what a file announces as events of its process.
final class CodeFileOutput {
  let owner: CodeFileOwner
  private let sink: PerfSink
  private let source: CodeSource
  private let path: String
  private(set) var entries: UInt64 = 0
  private(set) var strangers: UInt64 = 0
  private var notes: [String] = []
  var bytes: UInt64 = 0

  init(_ sink: PerfSink, _ owner: CodeFileOwner, source: CodeSource, path: String) {
    (self.sink, self.owner, self.source, self.path) = (sink, owner, source, path)
  }

  func note(_ text: String) { notes.append(text) }

  /// - Parameter since: the time of the code; nil if it counts from the program's beginning.
  func load(
    address: UInt64, size: UInt64, index: UInt64 = 0, name: String, since: UInt64?
  ) {
    guard isOfProgram(since), admits() else { return }
    write(
      CodeLoad(
        address: address, size: size, codeIndex: index, source: source,
        name: name.cut(toBytes: 4096), since: since ?? max(owner.start, owner.began)),
      isRundown: since == nil)
  }

  func move(_ move: JitdumpMove, since: UInt64?) {
    guard isOfProgram(since), admits() else { return }
    write(
      CodeMove(
        oldAddress: move.oldAddress, newAddress: move.newAddress, size: move.size,
        codeIndex: move.codeIndex, since: since ?? owner.start), isRundown: since == nil)
  }

  func lines(_ lines: JitdumpLines, since: UInt64?) {
    let count = min(4096, lines.addresses.count, lines.lines.count, lines.files.count)
    guard count > 0 else { return }
    write(
      CodeLines(
        address: lines.address, addresses: Array(lines.addresses.prefix(count)),
        lines: Array(lines.lines.prefix(count)), files: Array(lines.files.prefix(count)),
        since: since ?? owner.start), isRundown: since == nil)
  }

  /// Whether code of this time can be the program's: an earlier one is of another program.
  private func isOfProgram(_ since: UInt64?) -> Bool {
    guard let since, since &+ 100_000 < owner.began else { return true }
    strangers += 1
    return false
  }

  private func admits() -> Bool {
    entries += 1
    return entries <= PerfCode.entriesMax
  }

  private func write(_ event: some TraceEvent, isRundown: Bool) {
    sink.write(
      event, ticks: owner.ticks, process: owner.process, tid: owner.pid,
      stream: owner.end == nil ? StreamNumbers.code : StreamNumbers.endedCode,
      flags: isRundown ? .rundown : [])
  }

  /// Writes the summary of the file; returns its problems as predicates of the file.
  func finish() -> [String] {
    if strangers > 0 {
      notes.append("has \(strangers) records that are older than the process; they were skipped")
    }
    if entries > PerfCode.entriesMax {
      notes.append(
        "announces more than \(PerfCode.entriesMax) pieces of code; the rest has no name")
    }
    write(
      CodeFile(path: path, source: source, entries: entries, bytes: bytes, problems: notes),
      isRundown: false)
    return notes
  }
}

/// Reads a whole perf map.
enum PerfMapFile {
  static func read(_ descriptor: CInt, _ output: CodeFileOutput) {
    var parser = PerfMapParser()
    var room = [UInt8](repeating: 0, count: 64 << 10)
    func tell(_ entry: PerfMapEntry) {
      output.load(address: entry.address, size: entry.size, name: entry.name, since: nil)
    }
    while output.entries <= PerfCode.entriesMax {
      let count = Glibc.read(descriptor, &room, room.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      output.bytes += UInt64(count)
      room.withUnsafeBytes {
        parser.parse(UnsafeRawBufferPointer(rebasing: $0.prefix(count)), tell)
      }
    }
    parser.end(tell)
    for warning in parser.warnings { output.note(warning.text) }
  }
}

/// Reads a whole jitdump file.
enum JitdumpFile {
  private static let windowMax = 32 << 20
  private static let windowBytes = 64 << 10
  private static let stepsMax = 10_000

  /// - Parameter hasSameClock: whether the recording's times are CLOCK_MONOTONIC, as the file's.
  static func read(_ descriptor: CInt, _ output: CodeFileOutput, hasSameClock: Bool) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return }
    let size = UInt64(max(0, status.st_size))
    var parser = JitdumpParser()
    // The header says which clock the times are of.
    walk(descriptor, &parser, size: size, isHeader: true, output) { _ in }
    let isComparable = hasSameClock && parser.header?.usesArchitectureClock == false
    var steps = 0
    repeat {
      steps += 1
      walk(descriptor, &parser, size: size, output) { tell($0, output, isComparable) }
    } while steps < stepsMax && parser.end(atSize: size)
    output.bytes = size
    for warning in parser.warnings { output.note(warning.text) }
    if !isComparable, output.entries > 0 {
      output.note(
        "has times of another clock than the recording (record with -k mono), so its code counts "
          + "from the beginning, and of two pieces at an address the later one counts")
    }
  }

  /// Parses what the file has, as far as it goes without a decision about its end.
  private static func walk(
    _ descriptor: CInt, _ parser: inout JitdumpParser, size: UInt64, isHeader: Bool = false,
    _ output: CodeFileOutput, _ body: (JitdumpRecord) -> Void
  ) {
    var room = [UInt8]()
    while !parser.isRefused, parser.position < size, output.entries <= PerfCode.entriesMax,
      parser.wanted <= windowMax, size - parser.position >= UInt64(parser.wanted)
    {
      let (position, wanted) = (parser.position, parser.wanted)
      let bytes = parser.header == nil ? wanted : max(wanted, windowBytes)
      if room.count < bytes { room = [UInt8](repeating: 0, count: bytes) }
      let count = pread(descriptor, &room, bytes, off_t(clamping: position))
      guard count >= wanted else { return }
      room.withUnsafeBytes { parser.parse(UnsafeRawBufferPointer(rebasing: $0[..<count]), body) }
      guard parser.position != position || parser.wanted != wanted else { return }
      if isHeader, parser.header != nil { return }
    }
  }

  private static func tell(
    _ record: JitdumpRecord, _ output: CodeFileOutput, _ isComparable: Bool
  ) {
    switch record {
    case .load(let load):
      output.load(
        address: load.address, size: load.size, index: load.codeIndex, name: load.name,
        since: isComparable ? load.timestamp : nil)
    case .move(let move): output.move(move, since: isComparable ? move.timestamp : nil)
    case .lines(let lines): output.lines(lines, since: isComparable ? lines.timestamp : nil)
    case .close, .unwinding: break
    }
  }
}
