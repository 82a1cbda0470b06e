/// The processes and times that a report covers. Admits everything by default.
public struct ReportSelection: Sendable {
  /// Nanoseconds since the trace's start, both ends included; nil for the whole trace.
  public var time: ClosedRange<Int64>?
  /// Process ids; nil for all.
  public var pids: Set<UInt32>?
  /// Processes by id or name; empty patterns admit all.
  public var processes = ProcessPatterns([])

  public init() {}

  /// Whether anything may be left out.
  public var isPartial: Bool { time != nil || pids != nil || !processes.isEmpty }

  /// Returns whether the process is covered.
  public func admits(_ process: ResolvedProcess) -> Bool {
    admits(pid: process.pid) && (processes.isEmpty || processes.admits(process))
  }

  /// Returns whether processes with this id may be covered.
  func admits(pid: UInt32) -> Bool { pids?.contains(pid) ?? true }

  /// Returns whether the time is covered.
  func admits(time moment: Int64) -> Bool { time?.contains(moment) ?? true }
}

/// Reason why there is nothing to report.
public enum NothingToReport: Error, Hashable, Sendable {
  /// The trace has no such events. `what` names them in the plural; `keyword` enables them.
  case noEvents(what: String, keyword: String)
  /// The trace has such events, but none in the selected processes and times.
  case noneSelected(what: String)
  /// The trace has no events that start and stop activities.
  case noActivities
  /// The selected part of the trace has no context switch of the thread.
  case noThread(tid: UInt32)
}
