internal import TraceAnalysis
internal import TraceFormat

/// The trace files that one thread has opened.
///
/// Of a file that has grown, what is new is read before the next answer, so that one answer is made
/// from one state of it.
final class Workplace {
  private struct Opened {
    var file: TraceFile
    var mark: FileMark
    var tables: EventTables
    var timeline: Timeline?
  }

  let options: ViewOptions
  private var opened: [Int: Opened] = [:]

  init(_ options: ViewOptions) { self.options = options }

  /// The trace with this number, in its present state, in which the rest of the job sees it.
  ///
  /// - Throws: a ``Refusal`` if there is no such number; a ``FormatError`` if it cannot be read.
  func file(_ number: Int) throws -> TraceFile { try open(number).file }

  /// What has been learned about the events of the trace as it was opened.
  func tables(_ number: Int) throws -> EventTables { try known(number).tables }

  /// The timeline of the trace as it was opened.
  ///
  /// - Cost: at first a run over the trace.
  func timeline(_ number: Int) throws -> Timeline {
    let opened = try known(number)
    if let timeline = opened.timeline { return timeline }
    let timeline = try kept(
      "timeline", of: opened, read: { Timeline($0, of: opened.file) },
      make: { try TimelineBuilder.timeline(of: opened.file) }, write: { $0.write(to: &$1) })
    self.opened[number]?.timeline = timeline
    return timeline
  }

  /// Makes the table of all events of the trace known to ``tables(_:)``.
  ///
  /// - Cost: at first a run over the trace.
  func prepareTable(_ number: Int) throws {
    let all = try EventFilter(Query("/"))
    let opened = try open(number)
    let table = try kept(
      "rows", of: opened, read: { EventTable($0) }, make: { try EventTable(opened.file, all) },
      write: { $0.write(to: &$1) })
    try tables(number).add(table, of: all)
  }

  /// Reads a summary of a finished trace beside it, or makes it and keeps it there.
  private func kept<Summary>(
    _ name: String, of opened: Opened, read: ([UInt8]) -> Summary?, make: () throws -> Summary,
    write: (Summary, inout CacheWriter) -> Void
  ) throws -> Summary {
    let path = opened.file.path
    guard options.keepsSummaries, opened.file.isComplete else { return try make() }
    let cache = ViewCache(
      trace: path, keyDirectory: options.keyDirectory ?? CacheKey.usualDirectory)
    // Another file may have taken the place of the one that is open.
    guard FileMark(path) == opened.mark else { return try make() }
    if let known = cache?.read(name).flatMap(read) { return known }
    let began = ContinuousClock.now
    let summary = try make()
    guard let cache, ContinuousClock.now - began >= .nanoseconds(options.keptFrom_ns),
      FileMark(path) == opened.mark
    else { return summary }
    var writer = CacheWriter()
    write(summary, &writer)
    cache.write(name, writer.bytes)
    return summary
  }

  private func known(_ number: Int) throws -> Opened { try opened[number] ?? open(number) }

  private func open(_ number: Int) throws -> Opened {
    guard options.paths.indices.contains(number) else {
      throw Refusal(404, "There is no trace number \(number).")
    }
    let mark = FileMark(options.paths[number])
    if let known = opened[number] {
      if known.file.isComplete || known.mark == mark { return known }
      if mark.continues(known.mark), try grow(known.file) {
        let grown = Opened(file: known.file, mark: mark, tables: EventTables())
        opened[number] = grown
        return grown
      }
    }
    let file = try TraceFile(path: options.paths[number])
    try file.checkIndex()
    let fresh = Opened(file: file, mark: mark, tables: EventTables())
    opened[number] = fresh
    return fresh
  }

  /// Reads the blocks that were added. Returns false if the file is finished, and is better opened
  /// anew, by its index.
  private func grow(_ file: TraceFile) throws -> Bool {
    _ = try file.refresh()
    return !file.isComplete
  }

  /// Where names are looked for.
  var symbols: SymbolizerOptions {
    var symbols = SymbolizerOptions()
    symbols.searchRoots = options.symbolPath
    return symbols
  }
}
