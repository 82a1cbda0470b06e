/// A report on a trace, process by process.
public protocol ProcessReport: Report {
  associatedtype Process: ReportedProcess

  var heading: ReportHeading { get }
  /// In the order of their ids.
  var processes: [Process] { get }
}

/// What a report by process states about its trace.
public struct ReportHeading: Sendable {
  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  /// Number of events in the trace.
  public var events: UInt64
  /// Maximum number of rows that a renderer lists for each process; nil for its own choice.
  public var listLimit: Int?
}

extension ProcessReport {
  public var lost: LostEvents { heading.lost }
  public var partial: [PartialReason] { heading.partial }
  /// Display name of the trace: its path.
  public var trace: String { heading.trace }
  /// Number of events in the trace.
  public var events: UInt64 { heading.events }
  /// Maximum number of rows that a renderer lists for each process; nil for its own choice.
  public var listLimit: Int? { heading.listLimit }
}

/// What a report states of one process.
public protocol ReportedProcess: Sendable {
  var covered: CoveredProcess { get }
}

/// A process, and the time that a report covers of it: of the process, the trace and the selection.
public struct CoveredProcess: Hashable, Sendable {
  public var pid: UInt32
  /// Name of the program, without its directory.
  public var name: String
  /// Shares and rates refer to this time.
  public var from_ns: Int64
  public var to_ns: Int64
  /// Whether the process ended before the trace did.
  var hasEnded: Bool
}

extension ReportedProcess {
  public var pid: UInt32 { covered.pid }
  /// Name of the program, without its directory.
  public var name: String { covered.name }
  /// The time that the report covers.
  public var from_ns: Int64 { covered.from_ns }
  public var to_ns: Int64 { covered.to_ns }

  /// Length of the time that the report covers.
  public var span_ns: UInt64 { UInt64(clamping: to_ns.subtractingClamped(from_ns)) }

  /// Returns a number per second of that time; nil without any time.
  public func perSecond(_ count: UInt64) -> Double? {
    span_ns == 0 ? nil : Double(count) / (Double(span_ns) / 1e9)
  }
}

extension Int64 {
  /// Returns the difference, or the bound that it exceeds.
  func subtractingClamped(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (self < other ? .min : .max) : difference
  }
}
