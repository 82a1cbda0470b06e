internal import Glibc
internal import OSStrings
internal import TraceAnalysis
internal import TraceFormat

/// The trace files that one thread has opened.
///
/// A file that grows is opened again when its size has changed, so that one answer is made from one
/// state of it.
final class Workplace {
  private struct Opened {
    var file: TraceFile
    var bytes: Int
    var tables: EventTables
    var timeline: Timeline?
  }

  let options: ViewOptions
  private var opened: [Int: Opened] = [:]

  init(_ options: ViewOptions) { self.options = options }

  /// The trace with this number.
  ///
  /// - Throws: a ``Refusal`` if there is no such number; a ``FormatError`` if it cannot be read.
  func file(_ number: Int) throws -> TraceFile { try open(number).file }

  /// What has been learned about the events of the trace in its present state.
  func tables(_ number: Int) throws -> EventTables { try open(number).tables }

  /// The timeline of the trace in its present state.
  ///
  /// - Cost: at first a run over the trace.
  func timeline(_ number: Int) throws -> Timeline {
    let opened = try open(number)
    if let timeline = opened.timeline { return timeline }
    let timeline = try TimelineBuilder.timeline(of: opened.file)
    self.opened[number]?.timeline = timeline
    return timeline
  }

  private func open(_ number: Int) throws -> Opened {
    guard options.paths.indices.contains(number) else {
      throw Refusal(404, "There is no trace number \(number).")
    }
    let bytes = Self.size(options.paths[number])
    if let known = opened[number], known.file.isComplete || known.bytes == bytes { return known }
    let file = try TraceFile(path: options.paths[number])
    try file.checkIndex()
    let fresh = Opened(file: file, bytes: bytes, tables: EventTables())
    opened[number] = fresh
    return fresh
  }

  /// The file's size in bytes; 0 if it cannot be read.
  static func size(_ path: String) -> Int {
    var status = stat()
    return OSPath.stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Where names are looked for.
  var symbols: SymbolizerOptions {
    var symbols = SymbolizerOptions()
    symbols.searchRoots = options.symbolPath
    return symbols
  }
}
