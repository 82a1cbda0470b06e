// CPU samples and context switches: keywords CPU (0x1) and ContextSwitch (0x2).

extension SystemSchema {
  static let samplingEventTypes: [any TraceEvent.Type] = [
    ContextSwitch.self, SampledProfile.self, SamplingStarted.self,
  ]
}

/// What makes a CPU sample due.
public struct SampleSource: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The processor's cycle counter.
  public static let processorCycles = SampleSource(rawValue: 0)
  /// The kernel's timer, where there is no cycle counter.
  public static let cpuClock = SampleSource(rawValue: 1)
  /// A timer of the thread's own, in the program itself: where the kernel's events are not
  /// permitted.
  public static let threadTimer = SampleSource(rawValue: 2)

  static let type = FieldType.enumeration(
    EnumSchema(
      name: "SampleSource", underlying: .uint8,
      cases: [
        EnumCase("ProcessorCycles", 0),
        EnumCase("CPUClock", 1),
        EnumCase("ThreadTimer", 2),
      ]))
}

/// A thread was running: its stack says where.
///
/// The event's stack holds the kernel's frames, if any, before the user's, innermost first.
public struct SampledProfile: TraceEvent, Hashable {
  /// CPU time that the sample stands for, in nanoseconds.
  public var weight: UInt64
  public var source: SampleSource

  @inlinable
  public init(weight: UInt64, source: SampleSource) {
    self.weight = weight
    self.source = source
  }

  @inlinable public static var eventID: UInt16 { 46 }
  public static let schema = SystemSchema.event(
    eventID, "SampledProfile", SystemSchema.Keyword.cpu,
    [
      FieldSchema("weight", .uint64, .nanoseconds),
      FieldSchema("source", SampleSource.type),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(weight)
    encoder.encode(source)
  }

  public init(from decoder: inout EventDecoder) {
    weight = decoder.decode()
    source = decoder.decode()
  }
}

/// Which way a thread went.
public struct SwitchDirection: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The thread begins to run.
  public static let on = SwitchDirection(rawValue: 0)
  /// The thread waits for something.
  public static let off = SwitchDirection(rawValue: 1)
  /// The thread could run, but another does.
  public static let preempted = SwitchDirection(rawValue: 2)

  static let type = FieldType.enumeration(
    EnumSchema(
      name: "SwitchDirection", underlying: .uint8,
      cases: [
        EnumCase("On", 0),
        EnumCase("Off", 1),
        EnumCase("Preempted", 2),
      ]))
}

/// A thread begins to run on the event's CPU, or ceases to.
public struct ContextSwitch: TraceEvent, Hashable {
  public var direction: SwitchDirection

  @inlinable
  public init(direction: SwitchDirection) {
    self.direction = direction
  }

  @inlinable public static var eventID: UInt16 { 36 }
  public static let schema = SystemSchema.event(
    eventID, "ContextSwitch", SystemSchema.Keyword.contextSwitch,
    [
      FieldSchema("direction", SwitchDirection.type)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(direction)
  }

  public init(from decoder: inout EventDecoder) {
    direction = decoder.decode()
  }
}

/// The session takes CPU samples, and this is how; or it does not, and this is why.
public struct SamplingStarted: TraceEvent, Hashable {
  public var source: SampleSource
  /// Samples a second of CPU time; 0 when there are none.
  public var rate: UInt32
  /// Whether time in the kernel is sampled, and stacks begin with the kernel's frames.
  public var hasKernelFrames: Bool
  /// Bytes of each thread's stack that were copied and unwound by call frame information; 0 where
  /// the kernel followed frame pointers.
  public var stackBytes: UInt32
  /// What was tried first and why it could not be, in sentences; and what to do about it.
  public var note: String

  @inlinable
  public init(
    source: SampleSource, rate: UInt32, hasKernelFrames: Bool, stackBytes: UInt32 = 0, note: String
  ) {
    self.stackBytes = stackBytes
    self.source = source
    self.rate = rate
    self.hasKernelFrames = hasKernelFrames
    self.note = note
  }

  @inlinable public static var eventID: UInt16 { 73 }
  public static let schema = SystemSchema.event(
    eventID, "SamplingStarted", SystemSchema.Keyword.cpu,
    [
      FieldSchema("source", SampleSource.type),
      FieldSchema("rate", .uint32),
      FieldSchema("hasKernelFrames", .bool),
      FieldSchema("stackBytes", .uint32, .bytes),
      FieldSchema("note", .string),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(source)
    encoder.encode(rate)
    encoder.encode(hasKernelFrames)
    encoder.encode(stackBytes)
    encoder.encode(note)
  }

  public init(from decoder: inout EventDecoder) {
    source = decoder.decode()
    rate = decoder.decode()
    hasKernelFrames = decoder.decode()
    stackBytes = decoder.decode()
    note = decoder.decode()
  }
}
