public import TraceFormat

/// Result of a pass as plain values: ids are resolved to names, names of numbers include their
/// unit, and nothing is formatted.
public protocol Report: Sendable {
  /// Events that were emitted but are missing from the recording.
  var lost: LostEvents { get }
  /// Reasons why the report's numbers may be incomplete; empty if the recording is complete.
  var partial: [PartialReason] { get }
}

/// A pass whose output is a report.
///
///     let replay = Replay(try TraceFile(path: "trace.etl"))
///     let report = try InfoPass().report(from: replay)
///
/// Several passes may subscribe to one replay; one ``Replay/run()`` then serves all of them.
public protocol ReportPass: Pass where Output: Report {}

extension ReportPass {
  /// Runs `replay` for this pass alone and returns the report.
  ///
  /// - Throws: errors thrown by the pass; a ``FormatError`` if the file can no longer be read.
  public func report(from replay: Replay) throws -> Output {
    // A wrong index may lack event types.
    try replay.file.checkIndex()
    try subscribe(to: replay)
    try replay.run()
    return try finish()
  }
}

/// Events that were emitted but are missing from the recording.
public struct LostEvents: Hashable, Sendable {
  /// Losses of one cause.
  public struct Cause: Hashable, Sendable {
    public var cause: LossCause
    public var events: UInt64
  }

  /// Causes other than overwriting, most frequent first.
  public var causes: [Cause] = []
  /// Number of events replaced by newer ones, as intended in flight recorder mode.
  public var overwrittenEvents: UInt64 = 0

  /// Creates a value for no losses.
  public init() {}

  /// Sum over ``causes``.
  public var events: UInt64 { causes.reduce(0) { $0 &+ $1.events } }

  /// Creates a value from a trace's loss totals.
  public init(_ totals: [LossTotal]) {
    var counts: [LossCause: UInt64] = [:]
    for total in totals { counts[total.cause, default: 0] &+= total.count }
    overwrittenEvents = counts.removeValue(forKey: .overwritten) ?? 0
    causes = counts.filter { $0.value > 0 }
      .sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { Cause(cause: $0.key, events: $0.value) }
  }
}

/// Reason why a report may be incomplete.
public enum PartialReason: Hashable, Sendable {
  /// The file is unfinished: it is still being written, or its writer was killed.
  ///
  /// `isBeingWritten`: whether a collection is known to be writing it. `completeTo_ns`: time since
  /// the trace's start up to which every event emitted by a program is present or counted as lost;
  /// after it, events may be missing even if later ones are present. Nil if unknown.
  case unfinished(isBeingWritten: Bool, completeTo_ns: Int64?)
  /// Parts of the file could not be read.
  case damaged(bytes: UInt64, places: Int)
  /// The recording has more items of a kind than the report keeps; `what` names the kind.
  case limited(what: String)

  /// Describes the state of an unfinished file.
  package var unfinishedState: String {
    guard case .unfinished(let isBeingWritten, let completeTo_ns) = self else { return "" }
    let state = isBeingWritten ? "still being written" : Self.unknownState
    guard let completeTo_ns else {
      return state + " (it is not known up to which time its events are complete)"
    }
    let milliseconds = max(0, completeTo_ns) / 1_000_000
    let fraction = String(milliseconds % 1000 + 1000).dropFirst()
    return state + " (programs' events are complete up to \(milliseconds / 1000).\(fraction) s;"
      + " later ones may be missing)"
  }

  private static let unknownState = "still being written, or its writer was killed"

  /// Returns the reasons why a report of `replay`'s trace is partial.
  public static func reasons(_ replay: Replay) -> [PartialReason] { reasons(of: replay.file) }
}
