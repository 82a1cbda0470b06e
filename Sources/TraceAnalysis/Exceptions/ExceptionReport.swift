/// Exceptions by process, type and message pattern.
public struct ExceptionReport: ProcessReport {
  public var heading: ReportHeading
  public var processes: [Process]

  /// The exceptions of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    /// Exceptions thrown for the first time.
    public var thrown: UInt64 = 0
    /// Exceptions thrown again.
    public var rethrown: UInt64 = 0
    /// Throws of both kinds that reached a handler; nil if the process reports no handlers.
    public var caught: UInt64?
    /// Handlers without a known throw.
    public var caughtWithoutThrow: UInt64 = 0
    /// Throws of both kinds over the time that the report covers.
    public var timeLine = TimeLine(from_ns: 0)
    /// Most frequent first.
    public var groups: [Group] = []
  }

  /// Exceptions of one type whose messages have the same pattern.
  public struct Group: Sendable {
    public var type: String
    /// See ``MessagePattern``.
    public var pattern: String
    /// The first message.
    public var message: String
    public var thrown: UInt64 = 0
    public var rethrown: UInt64 = 0
    /// Throws that reached a handler; nil if the process reports no handlers.
    public var caught: UInt64?
    public var first_ns: Int64
    public var last_ns: Int64
    /// Throws of both kinds over the time that the report covers.
    public var timeLine: TimeLine
    /// Methods that threw, most frequent first.
    public var throwers: [Method] = []
    /// Methods that caught, most frequent first.
    public var catchers: [Method] = []
    /// The most frequent stacks of throws.
    public var stacks: [Stack] = []

    /// Throws of both kinds.
    public var count: UInt64 { thrown &+ rethrown }
  }

  /// A method, with the number of its throws or catches.
  public struct Method: Hashable, Sendable {
    public var name: String
    public var count: UInt64
  }

  /// A stack, with the number of throws there.
  public struct Stack: Hashable, Sendable {
    public var count: UInt64
    /// The innermost frames first, and no more than 64.
    public var frames: [StackFrame]
  }
}
