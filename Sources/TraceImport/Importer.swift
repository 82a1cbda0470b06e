public import TraceFormat

/// Converts the recordings of another tool into traces.
///
/// An importer reads an ``ImportSource`` and appends typed events to a `Recorder`. It never
/// invents: what the trace cannot represent is left out, counted, and named in the report. Each
/// importer has a directory of its own, and a line in ``ImporterRegistry``; `Docs/importers.md`
/// says what becomes what.
///
/// - Guarantee: accepts any bytes. Of a file that is cut or damaged, everything before the damage
///   is imported, and the report says what was damaged.
/// - Cost: one pass over the file; memory does not grow with it.
public protocol Importer: Sendable {
  /// The kind of recordings, with its article: "a perf.data file".
  var kind: String { get }

  /// Whether a file begins as such recordings do.
  ///
  /// - Parameter prefix: the file's first ``ImporterRegistry/prefixBytes`` bytes, or all of them.
  func recognizes(_ prefix: UnsafeRawBufferPointer) -> Bool

  /// Reads a recording and writes it as a trace.
  ///
  /// - Throws: ``ImportError`` if nothing can be imported, or if the trace cannot be written.
  func convert(
    _ source: ImportSource, to sink: any ByteSink
  ) throws(ImportError) -> ImportReport
}

/// The importers of this package.
public enum ImporterRegistry {
  /// The number of bytes by which a file is recognized.
  public static let prefixBytes = 4096

  /// The importers, in the order in which they are asked.
  public static let all: [any Importer] = [
    PerfDataImporter(), NetTraceImporter(), PprofImporter(), FoldedImporter(),
  ]

  /// The importer of a recording; nil if no importer recognizes it.
  public static func importer(of source: ImportSource) -> (any Importer)? {
    withUnsafeTemporaryAllocation(byteCount: prefixBytes, alignment: 8) { room in
      let prefix = UnsafeRawBufferPointer(rebasing: room[..<source.read(at: 0, into: room)])
      return all.first { $0.recognizes(prefix) }
    }
  }

  /// The kinds of recordings that can be opened, for messages: "a perf.data file, …".
  public static var kinds: String { all.map(\.kind).joined(separator: ", ") }
}

/// What an importer did.
public struct ImportReport: Hashable, Sendable {
  /// The number of events in the trace.
  public var events: UInt64 = 0
  /// The number of events that the recording says its own tool lost.
  public var lost: UInt64 = 0
  /// What is cut or damaged, as sentences whose subject, the file, is omitted; empty if nothing is.
  public var damage: [String] = []
  /// What was left out or could not be told, as whole sentences.
  public var notes: [String] = []

  /// Creates a report of an empty recording.
  public init() {}
}

/// The reason why a recording was not imported.
public enum ImportError: Error, Hashable, Sendable {
  /// A system call on the recording failed. `code` is its errno.
  case io(operation: String, path: String, code: Int32)
  /// The recording has nothing that can be imported. `reason` is a predicate: "has no events".
  case unusable(path: String, reason: String)
  /// The trace could not be written.
  case output(FormatError)
}

extension ImportError: CustomStringConvertible {
  /// One sentence, without a final period.
  public var description: String {
    switch self {
    case .io(let operation, let path, let code): "cannot \(operation) \(path): errno \(code)"
    case .unusable(let path, let reason): "\(path) \(reason)"
    case .output(let error): "\(error)"
    }
  }
}
