internal import TraceEvents
public import TraceFormat

/// Who had a process id at a time: the one answer that all other passes use.
///
/// Forks, execs and exits come from events. Where no event tells of a pid, the session's records of
/// processes tell its owners apart: an id that the session met twice is another process's the
/// second time.
///
/// - Cost: reads the blocks that hold events of processes. Memory grows with the number of
///   processes.
public final class Processes: Pass {
  /// The address spaces, for who knows what lies in them; nil where the taker has its own.
  let lives: ProcessLives?
  private let taker: any AnnouncementTaker
  /// Nil in a session that is listened to without one.
  private let file: TraceFile?
  /// Pids whose begins and ends are told by events. A pid is 22 bits at most.
  private var told: Set<UInt32> = []
  /// When pids that no events tell of pass to another process, the latest first: those to come.
  private var reuses: [UInt32: [Int64]] = [:]
  /// Pids that passed to another process so.
  private var split: Set<UInt32> = []
  /// Of a trace that is still coming, the session's number of who announced last, by pid.
  private var indexes: [UInt32: UInt32] = [:]
  /// Programs that ran before the session.
  private var firstNames: [UInt32: String] = [:]
  private var isSubscribed = false
  /// Complete after ``finish()``.
  private(set) var history = ProcessHistory()

  /// The processes of a trace file.
  public init(_ file: TraceFile) {
    let lives = ProcessLives()
    (self.lives, taker, self.file) = (lives, lives, file)
    var last: ProcessRecord?
    for next in file.processes.sorted(by: { ($0.pid, $0.joinTicks) < ($1.pid, $1.joinTicks) }) {
      if let last, last.pid == next.pid, let boundary = next.boundary(after: last) {
        reuses[next.pid, default: []].append(file.timestamp(ofTicks: boundary))
      }
      last = next
    }
    reuses = reuses.mapValues { $0.sorted(by: >) }
  }

  /// The processes of a trace that is still coming, whose changes `taker` takes.
  init(telling taker: any AnnouncementTaker, _ file: TraceFile?) {
    (lives, self.taker, self.file) = (nil, taker, file)
  }

  /// Asks for the events that tell of processes.
  public func subscribe(to replay: Replay) { listen(to: replay) }

  func listen(to source: some CodeEventSource) {
    guard !isSubscribed else { return }
    isSubscribed = true
    source.on(ProcessStart.self) { [self] event, header in
      settle(header.pid, upTo: header.timestamp)
      told.insert(header.pid)
      guard !header.flags.contains(.rundown) else {
        // What ran before the session has always been that program, as far as the trace knows.
        if lives != nil { firstNames[header.pid] = event.name }
        return
      }
      settle(event.parentPID, upTo: header.timestamp)
      taker.take(
        Announcement(.start(parent: event.parentPID), header.pid, at: header.timestamp))
      lives?.known(header.pid)?.name = event.name
    }
    source.on(ProcessExec.self) { [self] event, header in
      settle(header.pid, upTo: header.timestamp)
      told.insert(header.pid)
      taker.take(Announcement(.renew, header.pid, at: header.timestamp))
      lives?.known(header.pid)?.name = event.name
    }
    source.on(ProcessStop.self) { [self] _, header in
      settle(header.pid, upTo: header.timestamp)
      told.insert(header.pid)
      taker.take(Announcement(.stop, header.pid, at: header.timestamp))
    }
    guard lives == nil else { return }
    source.on(MethodLoad.self) { [self] _, header in note(header) }
    source.on(MethodUnload.self) { [self] _, header in note(header) }
    source.on(SymbolLoad.self) { [self] _, header in note(header) }
    source.on(ImageLoad.self) { [self] _, header in note(header) }
  }

  // MARK: Where no events tell

  /// Before what a process says at a time is taken in: its pid may have passed to it by then.
  @inline(__always)
  func settle(_ pid: UInt32, upTo time: Int64) {
    if !reuses.isEmpty { passOn(pid, upTo: time) }
  }

  private func passOn(_ pid: UInt32, upTo time: Int64) {
    guard var boundaries = reuses[pid], !told.contains(pid) else { return }
    while let boundary = boundaries.last, boundary <= time {
      boundaries.removeLast()
      _ = lives?.current(pid)
      taker.take(Announcement(.renew, pid, at: boundary))
      split.insert(pid)
    }
    reuses[pid] = boundaries.isEmpty ? nil : boundaries
  }

  /// A trace that is still coming names its processes as they announce something.
  private func note(_ header: EventHeader) {
    let known = indexes.updateValue(header.processIndex, forKey: header.pid)
    guard let known, known != header.processIndex, let file, !told.contains(header.pid),
      let last = file.process(index: known), let next = file.process(index: header.processIndex),
      let boundary = next.boundary(after: last)
    else { return }
    taker.take(
      Announcement(
        .renew, header.pid, at: min(file.timestamp(ofTicks: boundary), header.timestamp),
        toldAt: header.timestamp))
  }

  // MARK: The answer

  /// Who had which pid. Again, it is the same.
  @discardableResult
  public func finish() -> ProcessHistory {
    for pid in Array(reuses.keys) { passOn(pid, upTo: .max) }
    reuses = [:]
    if let lives, let file {
      history = ProcessHistory(lives, split: split, firstNames, file)
    }
    return history
  }
}

extension ProcessRecord {
  /// When this process took over the pid of one that was met before; nil where it is the same.
  func boundary(after last: ProcessRecord) -> UInt64? {
    let isOther = last.startTime != startTime
    guard isOther || last.endTicks.map({ $0 <= joinTicks }) == true else { return nil }
    return min(last.endTicks ?? joinTicks, joinTicks)
  }
}
