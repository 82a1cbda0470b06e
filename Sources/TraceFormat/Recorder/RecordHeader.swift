/// What a recorded event has beside its fields and its stack.
public struct RecordHeader: Hashable, Sendable {
  /// The trace clock's reading.
  public var ticks: UInt64
  /// The trace's number for the process; ``Recorder/addProcess(_:)`` gives one. Events of a process
  /// that the trace does not define have process id 0.
  public var process: UInt32
  public var tid: UInt32
  /// One of ``StreamNumbers``. Events of one stream are best appended in the order of their ticks:
  /// an event that is earlier than the one before it costs some bytes.
  public var stream: UInt32
  /// The CPU, or ``EventHeader/noCPU``.
  public var cpu: UInt16
  /// ``EventFlags/stack`` is set by the recorder.
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
  /// The header of an event that was replayed: for a trace that is written from another.
  public init(_ header: EventHeader) {
    self.init(
      ticks: header.ticks, process: header.processIndex, tid: header.tid, stream: header.stream,
      cpu: header.cpu, flags: header.flags)
  }
}
