public import TraceFormat

/// What a pass found out, as plain values: ids are resolved to names, numbers have their unit in
/// their name, nothing is formatted.
public protocol Report: Sendable {
  /// Events that were emitted and are not in the recording.
  var lost: LostEvents { get }
  /// Why the report's numbers may be incomplete; empty when the recording is whole.
  var partial: [PartialReason] { get }
}

/// Reads a trace and makes a report of it.
///
///     let replay = Replay(try TraceFile(path: "trace.etl"))
///     let report = try InfoPass().report(from: replay)
///
/// Several passes may subscribe to one replay; one ``Replay/run()`` then serves all of them.
public protocol ReportPass: Pass where Output: Report {}

extension ReportPass {
  /// Runs `replay` for this pass alone.
  ///
  /// - Throws: what the pass throws; a ``FormatError`` when the file cannot be read any more.
  public func report(from replay: Replay) throws -> Output {
    try subscribe(to: replay)
    try replay.run()
    return try finish()
  }
}

/// Events that were emitted and are not in the recording.
public struct LostEvents: Hashable, Sendable {
  /// Those of one cause.
  public struct Cause: Hashable, Sendable {
    public var cause: LossCause
    public var events: UInt64
  }

  /// Causes other than overwriting, the most frequent first.
  public var causes: [Cause] = []
  /// Events that newer ones replaced, as the flight recorder's mode asks.
  public var overwrittenEvents: UInt64 = 0

  /// Nothing was lost.
  public init() {}

  /// The sum over ``causes``.
  public var events: UInt64 { causes.reduce(0) { $0 &+ $1.events } }

  /// What a trace says of its losses.
  public init(_ totals: [LossTotal]) {
    var counts: [LossCause: UInt64] = [:]
    for total in totals { counts[total.cause, default: 0] &+= total.count }
    overwrittenEvents = counts.removeValue(forKey: .overwritten) ?? 0
    causes = counts.filter { $0.value > 0 }
      .sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { Cause(cause: $0.key, events: $0.value) }
  }
}

/// Why a report may lack something.
public enum PartialReason: Hashable, Sendable {
  /// The file has no end: it is being written, or its writer was killed. `isBeingWritten`: a
  /// collection is known to write it. `completeTo_ns`: from the trace's start to the time up to
  /// which all events of programs are there or counted as lost; of later ones some may be missing
  /// before others. Nil: not known.
  case unfinished(isBeingWritten: Bool, completeTo_ns: Int64?)
  /// Parts of the file could not be read.
  case damaged(bytes: UInt64, places: Int)
  /// The recording has more of something than the report keeps; `what` names it.
  case limited(what: String)

  /// Why a file that has no end may be so.
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

  /// Why a report of `replay`'s trace is partial.
  public static func reasons(_ replay: Replay) -> [PartialReason] {
    let file = replay.file
    var reasons: [PartialReason] = []
    if !file.damage.isEmpty {
      let bytes = file.damage.reduce(UInt64(0)) { $0 &+ $1.byteCount }
      reasons.append(.damaged(bytes: bytes, places: file.damage.count))
    }
    if !file.isComplete {
      let completeTo_ns = file.completeTicks.map(file.timestamp(ofTicks:))
      reasons.append(
        .unfinished(isBeingWritten: file.isBeingWritten, completeTo_ns: completeTo_ns))
    }
    return reasons
  }
}
