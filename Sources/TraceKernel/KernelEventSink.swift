public import TraceEvents
public import TraceFormat

/// The destination of a translator's events: a session's batch, a trace written by an importer, a
/// test's array.
public protocol KernelEventSink: AnyObject {
  /// Returns the recording's number of a process that it already has, for example because the
  /// process joined the session; nil for others, which the translator numbers and defines.
  func processIndex(ofJoined pid: UInt32) -> UInt32?

  /// Called for a new process, before its events.
  func define(_ process: ProcessRecord)

  /// Called when a process runs another program, with the new name, for processes without a path.
  func rename(process index: UInt32, to name: String)

  /// Called when a process that the translator defined has ended.
  func end(process index: UInt32, atTicks ticks: UInt64)

  /// Called when records were lost.
  func lose(_ loss: KernelLoss)

  /// Adds an event without a stack.
  func add(_ event: some TraceEvent, _ header: KernelEventHeader)

  /// Adds an event with a stack: the kernel's frames, then the program's, innermost first.
  func add(_ event: some TraceEvent, stack: [UInt64], _ header: KernelEventHeader)
}

extension KernelEventSink {
  /// Returns nil: no process has joined.
  public func processIndex(ofJoined pid: UInt32) -> UInt32? { nil }

  /// Does nothing.
  public func rename(process index: UInt32, to name: String) {}
}

/// The time and origin of a kernel event.
public struct KernelEventHeader: Hashable, Sendable {
  public var ticks: UInt64
  /// The recording's number of the process.
  public var process: UInt32
  public var tid: UInt32
  public var flags: EventFlags
  /// The ring of the record; nil for events that come from no ring, such as the rundown.
  public var ring: Int?

  public init(
    ticks: UInt64, process: UInt32, tid: UInt32, flags: EventFlags = [], ring: Int? = nil
  ) {
    self.ticks = ticks
    self.process = process
    self.tid = tid
    self.flags = flags
    self.ring = ring
  }
}

/// Records that the kernel dropped because a ring was full.
public struct KernelLoss: Hashable, Sendable {
  public var ring: Int
  public var count: UInt64
  /// The losses happened between this time and ``toTicks``.
  public var fromTicks: UInt64
  public var toTicks: UInt64

  public init(ring: Int, count: UInt64, fromTicks: UInt64, toTicks: UInt64) {
    self.ring = ring
    self.count = count
    self.fromTicks = fromTicks
    self.toTicks = toTicks
  }
}
