// CPU samples: keyword CPU (0x1). Context switches are in SwitchEvents.swift.

extension SystemSchema {
  static let samplingEventTypes: [any TraceEvent.Type] = [
    ContextSwitch.self, SampledProfile.self, ReadyThread.self, SamplingStarted.self,
  ]
}

/// The source that triggers CPU samples.
public struct SampleSource: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The processor's cycle counter.
  public static let processorCycles = SampleSource(rawValue: 0)
  /// The kernel's timer, used if there is no cycle counter.
  public static let cpuClock = SampleSource(rawValue: 1)
  /// A per-thread timer in the program itself, used if kernel events are not permitted.
  public static let threadTimer = SampleSource(rawValue: 2)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "SampleSource", underlying: .uint8,
      cases: [
        EnumCase("ProcessorCycles", 0),
        EnumCase("CPUClock", 1),
        EnumCase("ThreadTimer", 2),
      ]))
}

/// A CPU sample of a running thread.
///
/// The event's stack has the kernel frames, if any, before the user frames, innermost first.
public struct SampledProfile: ListedEvent, Hashable {
  /// CPU time that the sample represents, in nanoseconds.
  public var weight: UInt64
  public var source: SampleSource

  @inlinable
  public init(weight: UInt64, source: SampleSource) {
    self.weight = weight
    self.source = source
  }

  @inlinable public init() { self.init(weight: 0, source: SampleSource(rawValue: 0)) }

  @inlinable public static var eventID: UInt16 { 46 }
  public static let schema = SystemSchema.event(
    Self.self, "SampledProfile", SystemSchema.Keyword.cpu)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("weight", \.weight, hint: .nanoseconds)
    list.field("source", \.source, type: SampleSource.type)
  }
}

/// How the session takes CPU samples, or why it takes none.
public struct SamplingStarted: ListedEvent, Hashable {
  public var source: SampleSource
  /// Samples per second of CPU time; 0 if there are none.
  public var rate: UInt32
  /// Whether time in the kernel is sampled and stacks include kernel frames.
  public var hasKernelFrames: Bool
  /// Bytes of each thread's stack that were copied and unwound by call frame information; 0 if the
  /// kernel followed frame pointers.
  public var stackBytes: UInt32
  /// Which better methods were tried, why they failed, and how to enable them, in sentences.
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

  @inlinable
  public init() {
    self.init(source: SampleSource(rawValue: 0), rate: 0, hasKernelFrames: false, note: "")
  }

  @inlinable public static var eventID: UInt16 { 73 }
  public static let schema = SystemSchema.event(
    Self.self, "SamplingStarted", SystemSchema.Keyword.cpu)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("source", \.source, type: SampleSource.type)
    list.field("rate", \.rate)
    list.field("hasKernelFrames", \.hasKernelFrames)
    list.field("stackBytes", \.stackBytes, hint: .bytes)
    list.field("note", \.note)
  }
}
