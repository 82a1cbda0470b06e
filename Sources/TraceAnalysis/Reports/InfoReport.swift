public import TraceEvents
public import TraceFormat

/// What is in a trace: its session, events, processes and losses.
public struct InfoReport: Report {
  /// A type of event that the trace has.
  public struct EventRow: Hashable, Sendable {
    public var provider: String
    public var name: String
    public var count: UInt64
    public var level: Level
    public var keywords: KeywordNames
  }

  /// A process that the session saw.
  public struct ProcessRow: Hashable, Sendable {
    public var pid: UInt32
    public var executable: String
    public var arguments: [String]
    /// Since the trace began; negative for what was there before.
    public var joined_ns: Int64
    /// Nil while it runs.
    public var ended_ns: Int64?
  }

  /// Losses of one ring, cause and process.
  public struct LossRow: Hashable, Sendable {
    public var events: UInt64
    public var cause: LossCause
    /// Nil for what was lost on no CPU.
    public var cpu: UInt16?
    public var from_ns: Int64
    public var to_ns: Int64
    /// The process that they are known to come from.
    public var pid: UInt32?
  }

  public var lost: LostEvents
  public var partial: [PartialReason]
  /// What the trace is called: its path.
  public var trace: String
  public var size_bytes: UInt64
  public var session: SessionDescription
  public var clockSyncs: Int
  /// Time zero of the trace: nanoseconds since 1970, UTC.
  public var start_unix_ns: UInt64
  /// From the first event to the last.
  public var duration_ns: UInt64
  public var events: UInt64
  public var blocks: Int
  /// Nil where there were no CPU samples.
  public var sampling: SamplingStarted?
  /// The most frequent first.
  public var eventTypes: [EventRow]
  public var processes: [ProcessRow]
  public var losses: [LossRow]
}

/// The names of a set of keywords, and the bits that have none.
public struct KeywordNames: Hashable, Sendable {
  public var names: [String] = []
  public var unnamed = Keywords()

  /// - Parameter known: what the provider calls its keywords.
  public init(_ keywords: Keywords, _ known: [KeywordSchema]) {
    unnamed = keywords
    for keyword in known
    where !keyword.keywords.isEmpty && unnamed.isSuperset(of: keyword.keywords) {
      names.append(keyword.name)
      unnamed.subtract(keyword.keywords)
    }
  }
}

/// Makes an ``InfoReport``.
///
/// - Cost: the file's index, and the blocks that say how CPU samples were taken, however large the
///   file is.
public final class InfoPass: ReportPass {
  private let sampling = SamplingPass()
  private var replay: Replay?

  public init() {}

  /// Asks how CPU samples were taken.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    sampling.subscribe(to: replay)
  }

  /// What is in the trace.
  public func finish() -> InfoReport {
    guard let replay else { preconditionFailure("finish() comes after subscribe(to:)") }
    let file = replay.file
    let keywords = Dictionary(file.providers.map { ($0.name, $0.keywords) }) { first, _ in first }
    return InfoReport(
      lost: LostEvents(file.lossTotals), partial: PartialReason.reasons(replay), trace: file.path,
      size_bytes: file.byteCount, session: file.session, clockSyncs: file.clockSyncs.count,
      start_unix_ns: file.session.start.realtimeNanoseconds,
      duration_ns: file.durationNanoseconds, events: file.eventCount, blocks: file.blockCount,
      sampling: sampling.started,
      eventTypes: file.eventTypes.sorted { ($1.count, $0.index) < ($0.count, $1.index) }.map {
        InfoReport.EventRow(
          provider: $0.schema.provider, name: $0.schema.name, count: $0.count,
          level: $0.schema.level,
          keywords: KeywordNames($0.schema.keywords, keywords[$0.schema.provider] ?? []))
      },
      processes: InfoReport.ProcessRow.rows(of: replay),
      losses: file.lossTotals.filter { $0.count > 0 }.map { InfoReport.LossRow($0, in: replay) })
  }
}

extension InfoReport.ProcessRow {
  /// Each process once, although both its own connection and the kernel's events may have made it
  /// known to the session.
  package static func rows(of replay: Replay) -> [Self] {
    var rows: [Self] = []
    var known: [UInt32: [(row: Int, record: ProcessRecord)]] = [:]
    for record in replay.file.processes {
      let row = Self(record, in: replay)
      guard let same = known[record.pid]?.last(where: { $0.record.isSameProcess(as: record) })
      else {
        known[record.pid, default: []].append((rows.count, record))
        rows.append(row)
        continue
      }
      rows[same.row].merge(row)
    }
    return rows
  }

  private mutating func merge(_ other: Self) {
    joined_ns = min(joined_ns, other.joined_ns)
    // The record that knows the end is the one that saw it.
    ended_ns = [ended_ns, other.ended_ns].compactMap { $0 }.max()
    if arguments.isEmpty {
      (executable, arguments) = (other.executable, other.arguments)
    }
  }

  fileprivate init(_ process: ProcessRecord, in replay: Replay) {
    let file = replay.file
    self.init(
      pid: process.pid, executable: process.executable, arguments: process.arguments,
      joined_ns: file.timestamp(ofTicks: process.joinTicks),
      ended_ns: process.endTicks.map(file.timestamp))
  }
}

extension ProcessRecord {
  /// Whether two records of one process id are of one process: it began at one time or, where that
  /// is not known of both, was there at one time. A process that lives for a moment has ended
  /// before anybody reads when it began.
  fileprivate func isSameProcess(as other: ProcessRecord) -> Bool {
    if startTime != 0, other.startTime != 0 { return startTime == other.startTime }
    return joinTicks < other.endTicks ?? .max && other.joinTicks < endTicks ?? .max
  }
}

extension InfoReport.LossRow {
  fileprivate init(_ loss: LossTotal, in replay: Replay) {
    let file = replay.file
    self.init(
      events: loss.count, cause: loss.cause,
      cpu: loss.cpu == EventHeader.noCPU ? nil : loss.cpu,
      from_ns: file.timestamp(ofTicks: loss.firstTicks),
      to_ns: file.timestamp(ofTicks: loss.lastTicks),
      pid: loss.processIndex.flatMap(file.process)?.pid)
  }
}
