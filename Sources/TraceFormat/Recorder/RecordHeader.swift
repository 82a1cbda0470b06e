/// The properties of a recorded event other than its fields and its stack.
public struct RecordHeader: Hashable, Sendable {
  /// Reading of the trace clock.
  public var ticks: UInt64
  /// The trace's number for the process, as returned by ``Recorder/addProcess(_:)``. Events of a
  /// process that the trace does not define have process id 0.
  public var process: UInt32
  public var tid: UInt32
  /// One of ``StreamNumbers``. Append the events of a stream in the order of their ticks if
  /// possible: an event earlier than its predecessor costs some bytes.
  public var stream: UInt32
  /// CPU number, or ``EventHeader/noCPU``.
  public var cpu: UInt16
  /// Flags of the event. The recorder sets ``EventFlags/stack``.
  public var flags: EventFlags

  public init(
    ticks: UInt64, process: UInt32, tid: UInt32, stream: UInt32 = StreamNumbers.imported(0),
    cpu: UInt16 = EventHeader.noCPU, flags: EventFlags = []
  ) {
    self.ticks = ticks
    self.process = process
    self.tid = tid
    self.stream = stream
    self.cpu = cpu
    self.flags = flags
  }
}

extension RecordHeader {
  /// Creates the header of a replayed event, to copy it to another trace.
  public init(_ header: EventHeader) {
    self.init(
      ticks: header.ticks, process: header.processIndex, tid: header.tid, stream: header.stream,
      cpu: header.cpu, flags: header.flags)
  }
}
