internal import TraceEvents
public import TraceFormat

/// A thread of a timeline.
public struct TimelineThread: Hashable, Sendable {
  public var pid: UInt32
  public var tid: UInt32
  /// Name of the program; `?` if unknown.
  public var process: String
  /// Name of the thread; empty if unknown.
  public var name: String

  /// Identifies the thread among those of a timeline.
  public var key: UInt64 { UInt64(pid) << 32 | UInt64(tid) }
}

/// The samples of a trace one by one, and its other events, for formats that show times.
///
/// - Guarantee: every selected event is in ``samples`` or in a replay of ``makeReplay()``.
/// - Cost: 24 bytes for each sample; the call tree of a ``StackProfile``.
public final class TraceTimeline {
  /// The stacks, and what is lost.
  public let profile: StackProfile
  /// The samples in order of time, except in a file that is too large to sort.
  public let samples: [TimedSample]
  /// Threads of the samples.
  public let threads: [TimelineThread]
  /// Position in ``threads`` of the thread above each node of the call tree; -1 if there is none.
  public let owners: [Int32]
  private let file: TraceFile
  private let options: StackOptions
  private let history: ProcessHistory
  private let names: ThreadNameReader
  /// Losses that the last replay has delivered ahead.
  private var losses = LossWindows()
  private var admitted: [UInt32: (span: ClosedRange<Int64>, isAdmitted: Bool)] = [:]

  /// - Parameter options: the events that count as samples, and the selected processes and times.
  /// - Throws: a ``FormatError`` if the file can no longer be read; ``StackReportError`` if nothing
  ///   is selected and the file has no other events.
  public init(_ file: TraceFile, _ options: StackOptions) throws {
    self.file = file
    self.options = options
    let log = SampleLog()
    let pass = StackProfilePass(options, log: log)
    profile = try pass.report(from: Replay(file))
    samples = log.take()
    (threads, owners) = Self.threads(of: profile.stacks)
    history = pass.processes
    names = ThreadNameReader(file)
    try names.update()
  }

  private static func threads(of stacks: StackReport) -> ([TimelineThread], [Int32]) {
    var threads: [TimelineThread] = []
    let tree = stacks.calls.tree
    var owners = [Int32](repeating: -1, count: tree.count)
    let areThreads = stacks.frames.frames.map { $0.kind == .thread }
    for node in 1..<max(tree.count, 1) {
      let parent = Int(tree.parents[node])
      guard areThreads[Int(tree.frames[node].rawValue)],
        let own = stacks.frames[tree.frames[node]].identity,
        let process = stacks.frames[tree.frames[parent]].identity
      else {
        owners[node] = owners[parent]
        continue
      }
      owners[node] = Int32(threads.count)
      threads.append(
        TimelineThread(
          pid: UInt32(process.id) ?? 0, tid: UInt32(own.id) ?? 0, process: process.name,
          name: own.name))
    }
    return (threads, owners)
  }

  // MARK: Other events

  /// Returns a replay of the selected processes, threads and times; ``admits(_:)`` decides about
  /// processes that are selected by name.
  public func makeReplay() -> Replay {
    let replay = Replay(file)
    replay.filter.time = options.selection.filter.time
    replay.filter.pids = options.selection.filter.pids
    replay.filter.tids = options.selection.filter.tids
    losses = LossWindows()
    replay.onLossAhead { [self, file] in losses.add($0, in: file) }
    return replay
  }

  /// Whether events of a process may have been lost between two times. A replay of
  /// ``makeReplay()`` must have begun.
  public func mayHaveLost(_ pid: UInt32, from: Int64, to: Int64) -> Bool {
    losses.anyLoss(pid, from, to)
  }

  /// A filter that admits the types of events that are not the samples.
  public var otherEvents: ReplayFilter {
    var filter = ReplayFilter()
    let admits = options.selection.filter.admits
    filter.admits = { !(admits?($0) ?? false) }
    return filter
  }

  /// Whether events of this type are the samples.
  public func isSample(_ type: EventType) -> Bool {
    options.selection.filter.admits?(type.schema) ?? false
  }

  /// The types of the file's events.
  public var eventTypes: [EventType] { file.eventTypes }

  /// Whether the event's process is selected.
  public func admits(_ header: EventHeader) -> Bool {
    guard let admits = options.selection.admits else { return true }
    if let known = admitted[header.pid], known.span.contains(header.timestamp) {
      return known.isAdmitted
    }
    let process = history.process(header.pid, at: header.timestamp)
    admitted[header.pid] = (process.validity, admits(process))
    return admits(process)
  }

  /// Returns the thread of an event.
  public func thread(of header: EventHeader) -> TimelineThread {
    TimelineThread(
      pid: header.pid, tid: header.tid,
      process: history.process(header.pid, at: header.timestamp).name,
      name: names.name(of: header.tid, pid: header.pid, at: header.timestamp).name ?? "")
  }
}
