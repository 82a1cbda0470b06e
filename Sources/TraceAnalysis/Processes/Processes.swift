internal import TraceEvents
public import TraceFormat

/// Determines which process had a process id at a given time, for all other passes.
///
/// Forks, execs and exits come from events. For a pid without such events, the session's process
/// records distinguish its owners: a second record for the same pid may show that the pid was
/// reused.
///
/// - Cost: reads the blocks with process events. Memory grows with the number of processes.
public final class Processes: Pass {
  /// Address spaces, for passes that know their contents; nil if the taker has its own.
  let lives: ProcessLives?
  private let taker: any AnnouncementTaker
  /// Nil for events that do not come from a trace file.
  private let file: TraceFile?
  /// Pids whose beginnings and ends are reported by events. A pid has at most 22 bits.
  private var told: Set<UInt32> = []
  /// Pending times at which pids without events pass to another process, latest first.
  private var reuses: [UInt32: [Int64]] = [:]
  /// The last such time of each pid that is no longer pending.
  private var passed: [UInt32: Int64] = [:]
  /// Number of process records that ``reuses`` takes into account.
  private var readRecords = 0
  /// The replay of a file that is still being written; nil for any other.
  private weak var growing: Replay?
  /// Pids that were passed on in this way.
  private var split: Set<UInt32> = []
  /// In a trace still being recorded: the session's index of the latest announcing process, by pid.
  private var indexes: [UInt32: UInt32] = [:]
  /// Names of programs that ran before the session.
  private var firstNames: [UInt32: String] = [:]
  private var isSubscribed = false
  /// History, complete after ``finish()``.
  private(set) var history = ProcessHistory()

  /// Creates a pass over a trace file's processes.
  public init(_ file: TraceFile) {
    let lives = ProcessLives()
    (self.lives, taker, self.file) = (lives, lives, file)
    readRecords(of: file)
  }

  /// Creates a pass over a trace still being recorded; `taker` receives the changes.
  init(telling taker: any AnnouncementTaker, _ file: TraceFile?) {
    (lives, self.taker, self.file) = (nil, taker, file)
  }

  /// Subscribes to the events about processes.
  public func subscribe(to replay: Replay) {
    if replay.isGrowing { growing = replay }
    listen(to: replay)
  }

  func listen(to source: some CodeEventSource) {
    guard !isSubscribed else { return }
    isSubscribed = true
    source.on(ProcessStart.self) { [self] event, header in
      settle(header.pid, upTo: header.timestamp)
      told.insert(header.pid)
      guard !header.flags.contains(.rundown) else {
        // A program that ran before the session has always been this one, as far as the trace
        // shows.
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

  // MARK: Processes without events

  /// Called before processing an announcement by a process, whose pid may have been reused by then.
  @inline(__always)
  func settle(_ pid: UInt32, upTo time: Int64) {
    if let growing { readNewRecords(of: growing.file) }
    if !reuses.isEmpty { passOn(pid, upTo: time) }
  }

  /// Finds the times at which pids pass to another process.
  private func readRecords(of file: TraceFile) {
    readRecords = file.processCount
    reuses = [:]
    var last: ProcessRecord?
    for next in file.processes.sorted(by: { ($0.pid, $0.joinTicks) < ($1.pid, $1.joinTicks) }) {
      if let last, last.pid == next.pid, let boundary = next.boundary(after: last) {
        let time = file.timestamp(ofTicks: boundary)
        if time > passed[next.pid] ?? .min { reuses[next.pid, default: []].append(time) }
      }
      last = next
    }
    reuses = reuses.mapValues { $0.sorted(by: >) }
  }

  private func readNewRecords(of file: TraceFile) {
    if file.processCount > readRecords { readRecords(of: file) }
  }

  private func passOn(_ pid: UInt32, upTo time: Int64) {
    guard var boundaries = reuses[pid], !told.contains(pid) else { return }
    while let boundary = boundaries.last, boundary <= time {
      boundaries.removeLast()
      passed[pid] = boundary
      _ = lives?.current(pid)
      taker.take(Announcement(.renew, pid, at: boundary))
      split.insert(pid)
    }
    reuses[pid] = boundaries.isEmpty ? nil : boundaries
  }

  /// In a trace still being recorded, processes become known when they announce something.
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

  /// Returns what a process may be called, as far as it is known: by its record and by events.
  func names(of index: UInt32, _ pid: UInt32) -> [String] {
    let path = file?.process(index: index)?.executable ?? ""
    let names = [
      path.split(separator: "/").last.map(String.init), lives?.known(pid)?.name, firstNames[pid],
    ]
    return names.compactMap { $0 }.filter { !$0.isEmpty }
  }

  // MARK: Result

  /// Returns the history of pids, as far as the events have been delivered.
  @discardableResult
  public func finish() -> ProcessHistory {
    if let growing { readNewRecords(of: growing.file) }
    let time = growing?.deliveredTime ?? .max
    for pid in Array(reuses.keys) { passOn(pid, upTo: time) }
    if let lives, let file {
      history = ProcessHistory(lives, split: split, firstNames, file)
    }
    return history
  }
}

extension ProcessRecord {
  /// Returns the time at which this process took over the pid from `last`; nil if it is the same
  /// process.
  func boundary(after last: ProcessRecord) -> UInt64? {
    let isOther = last.startTime != startTime
    guard isOther || last.endTicks.map({ $0 <= joinTicks }) == true else { return nil }
    return min(last.endTicks ?? joinTicks, joinTicks)
  }
}
