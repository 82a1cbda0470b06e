public import TraceEvents
public import TraceFormat

/// Contents of a trace: session, events, processes and losses.
public struct InfoReport: Report {
  /// An event type in the trace.
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
    /// Start relative to the trace's start; negative for processes that already ran.
    public var joined_ns: Int64
    /// Nil while the process runs.
    public var ended_ns: Int64?
  }

  /// Losses of one ring, cause and process.
  public struct LossRow: Hashable, Sendable {
    public var events: UInt64
    public var cause: LossCause
    /// CPU on which the events were lost; nil for losses not tied to a CPU.
    public var cpu: UInt16?
    public var from_ns: Int64
    public var to_ns: Int64
    /// Process that the lost events are known to come from; nil if unknown.
    public var pid: UInt32?
  }

  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  public var size_bytes: UInt64
  public var session: SessionDescription
  public var clockSyncs: Int
  /// Time zero of the trace, in nanoseconds since 1970 (UTC).
  public var start_unix_ns: UInt64
  /// Time from the first event to the last.
  public var duration_ns: UInt64
  public var events: UInt64
  public var blocks: Int
  /// Nil if no CPU samples were taken.
  public var sampling: SamplingStarted?
  /// Event types, most frequent first.
  public var eventTypes: [EventRow]
  public var processes: [ProcessRow]
  public var losses: [LossRow]
}

/// Names of a set of keywords, and the bits without a name.
public struct KeywordNames: Hashable, Sendable {
  public var names: [String] = []
  public var unnamed = Keywords()

  /// - Parameter known: the keywords declared by the provider.
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
/// - Cost: reads the file's index and the blocks that describe the sampling, regardless of the
///   file's size.
public final class InfoPass: ReportPass {
  private let sampling = SamplingPass()
  private var replay: Replay?

  public init() {}

  /// Subscribes to the events that describe the sampling.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    sampling.subscribe(to: replay)
  }

  /// Returns the contents of the trace.
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
  /// Returns each process once, although the session may have learned of it twice: from its own
  /// connection and from the kernel's events.
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
    // A record with an end comes from the source that saw the process end.
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
  /// Whether two records of one process id describe the same process: they have the same start time
  /// or, if that is not known for both, overlapping lifetimes. A short-lived process has ended
  /// before anything reads its start time.
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
