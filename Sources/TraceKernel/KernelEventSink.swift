public import TraceEvents
public import TraceFormat

/// Where a translator's events go: a session's batch, a trace that an importer writes, a test's
/// array.
public protocol KernelEventSink: AnyObject {
  /// The number that the recording already has for a process, for example because the process
  /// joined the session by itself; nil for the others, which the translator numbers and defines.
  func processIndex(ofJoined pid: UInt32) -> UInt32?

  /// A process is heard of for the first time; its events follow.
  func define(_ process: ProcessRecord)

  /// A process runs another program: the new name, for a process that has no path yet.
  func rename(process index: UInt32, to name: String)

  /// A process that the translator defined has ended.
  func end(process index: UInt32, atTicks ticks: UInt64)

  /// Records are missing.
  func lose(_ loss: KernelLoss)

  /// An event without a stack.
  func add(_ event: some TraceEvent, _ header: KernelEventHeader)

  /// A CPU sample. The stack is the kernel's frames, then the program's, innermost first.
  func add(_ sample: SampledProfile, stack: [UInt64], _ header: KernelEventHeader)
}

extension KernelEventSink {
  /// None has joined.
  public func processIndex(ofJoined pid: UInt32) -> UInt32? { nil }

  /// Does nothing.
  public func rename(process index: UInt32, to name: String) {}
}

/// When and by whom an event of the kernel was recorded.
public struct KernelEventHeader: Hashable, Sendable {
  public var ticks: UInt64
  /// The recording's number for the process.
  public var process: UInt32
  public var tid: UInt32
  public var flags: EventFlags
  /// The ring that the record was in; nil for what no ring has told, such as the rundown.
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

/// Records that the kernel had no room for.
public struct KernelLoss: Hashable, Sendable {
  public var ring: Int
  public var count: UInt64
  /// The losses happened after this and before ``toTicks``.
  public var fromTicks: UInt64
  public var toTicks: UInt64

  public init(ring: Int, count: UInt64, fromTicks: UInt64, toTicks: UInt64) {
    self.ring = ring
    self.count = count
    self.fromTicks = fromTicks
    self.toTicks = toTicks
  }
}
