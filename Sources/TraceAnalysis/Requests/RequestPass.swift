internal import TraceEvents
public import TraceFormat

/// Makes a ``RequestReport``: pairs the events that start and stop activities.
///
/// A start and a stop belong together if they are of one process, have the same id, and their names
/// differ only in the ending. See ``EventOpcode``.
///
/// - Guarantee: a duration is that of a start and its own stop. Where events of a process may have
///   been lost between the two, the request is listed as open.
/// - Cost: reads only the blocks with such events or with collections; then, for the slowest
///   requests, the events in their times. Memory is 8 bytes per request, and limited.
public final class RequestPass: ReportPass {
  /// Number of the slowest requests of each process if the caller does not say.
  public static let slowestDefault = 10
  /// Maximum of that number.
  public static let slowestMax = 1000

  private let processes: ProcessStates<RequestTracker>
  private let listLimit: Int?
  private let budget: RequestBudget
  private let collections: GCPass
  private var losses = LossWindows()
  private var file: TraceFile?
  private let splits = RequestSplits()

  /// - Parameter listLimit: the report's ``ProcessReport/listLimit``, and the number of the slowest
  ///   requests.
  public init(_ selection: ReportSelection = ReportSelection(), listLimit: Int? = nil) {
    let budget = RequestBudget()
    let slowest = min(listLimit ?? Self.slowestDefault, Self.slowestMax)
    processes = ProcessStates(selection) {
      RequestTracker(selection, slowestMax: slowest, budget)
    }
    (self.listLimit, self.budget) = (listLimit, budget)
    // A pause may begin before the selected time.
    var anyTime = selection
    anyTime.time = nil
    collections = GCPass(anyTime)
  }

  /// Subscribes to losses, to the events that start and stop activities, and to events about
  /// processes and collections.
  public func subscribe(to replay: Replay) {
    file = replay.file
    replay.onLossAhead { [self, file = replay.file] in losses.add($0, in: file) }
    processes.subscribe(to: replay)
    var types = TypeTable(replay.file, ActivityType.init)
    guard replay.isGrowing || !types.isEmpty else { return }
    collections.subscribe(to: replay)
    var filter = ReplayFilter()
    filter.admits = { ActivityType($0) != nil }
    filter.pids = processes.selection.pids
    replay.onAny(where: filter) { [self] event in
      guard let type = types[event.typeIndex] else { return }
      follow(event, type)
    }
  }

  private func follow(_ event: borrowing RawEvent, _ type: ActivityType) {
    let header = event.header
    guard !header.flags.contains(.rundown) else { return }
    let key = RequestTracker.Key(kind: type.kind, id: ActivityID(event, type))
    guard type.isStart else {
      let losses = losses
      return processes.update(header) {
        $0.stop(key, thread: header.tid, at: header.timestamp) {
          !losses.anyLoss(header.pid, $0, $1)
        }
      }
    }
    let name = type.name.map {
      String(decoding: event.bytes($0).prefix(RequestTracker.nameBytesMax), as: UTF8.self)
    }
    processes.update(header) {
      $0.start(key, name ?? "", thread: header.tid, at: header.timestamp)
    }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no such activities; a ``FormatError`` if the file
  ///   can no longer be read.
  public func finish() throws -> RequestReport {
    guard let file else { preconditionFailure("finish() comes after subscribe(to:)") }
    let hasActivities = file.eventTypes.contains {
      $0.count > 0 && ActivityType($0.schema) != nil
    }
    guard hasActivities else { throw NothingToReport.noActivities }
    var rows = processes.rows { [losses] tracker, _, covered -> RequestReport.Process? in
      let row = RequestReport.Process(tracker, covered, losses)
      return row.isEmpty ? nil : row
    }
    guard !rows.isEmpty else { throw NothingToReport.noneSelected(what: "requests") }
    try splits.add(to: &rows, file)
    if let report = try? collections.finish() { rows.addPauses(of: report) }
    return RequestReport(
      heading: processes.heading(
        listLimit: listLimit, limited: budget.isExceeded ? "requests" : nil),
      processes: rows)
  }
}

extension [RequestReport.Process] {
  /// Completes the requests of processes whose collections are known.
  fileprivate mutating func addPauses(of report: GCReport) {
    for index in indices {
      // Several programs may have had one process id in turn.
      let pauses = report.processes.filter { $0.pid == self[index].pid }.map(\.pauseTimes)
      guard !pauses.isEmpty else { continue }
      for position in self[index].slowest.indices {
        let request = self[index].slowest[position]
        let time =
          request.start_ns...request.start_ns.addingClamped(request.duration_ns)
        self[index].slowest[position].split.gcPause_ns = pauses.reduce(0) {
          $0.addingClamped($1.sum(within: time))
        }
      }
    }
  }
}
