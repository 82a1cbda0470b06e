public import TraceEvents

/// A type of event that a file has.
public struct EventType: Sendable {
  /// Position in ``TraceFile/eventTypes``.
  public var index: Int
  /// The number that blocks call it by.
  public var ref: UInt16
  public var schema: EventSchema
  /// How many are in the file's whole blocks.
  public var count: UInt64
}

/// What was lost in all, by ring, cause and process.
public struct LossTotal: Hashable, Sendable {
  public var stream: UInt32
  public var cpu: UInt16
  public var cause: LossCause
  public var processIndex: UInt32?
  public var count: UInt64
  public var firstTicks: UInt64
  public var lastTicks: UInt64
}

/// A part of the file that could not be read.
public struct Damage: Hashable, Sendable {
  /// First byte that is not readable, and how many are not.
  public var offset: UInt64
  public var byteCount: UInt64
  /// Blocks that are missing there, as far as the blocks around it tell.
  public var missingBlocks: Int
  public var what: String
}

/// A trace file, opened for reading; also one that is still being written, was cut, or is damaged.
///
/// - Guarantee: whatever the bytes are, opening neither crashes nor takes memory beyond the limits of
///   SPEC.md; every whole block is found, and ``damage`` lists the rest.
/// - Cost: with the closing index, a few reads however large the file; without, one pass over it.
public final class TraceFile {
  public let path: String
  public internal(set) var session: SessionDescription
  public internal(set) var eventTypes: [EventType] = []
  public internal(set) var providers: [ProviderSchema] = []
  /// In the order of their indexes.
  public internal(set) var processes: [ProcessRecord] = []
  public internal(set) var lossTotals: [LossTotal] = []
  public internal(set) var clockSyncs: [ClockSync] = []
  public internal(set) var damage: [Damage] = []
  /// Whether the writer finished the file; if not, it is being written, or was cut.
  public internal(set) var isComplete = false
  public internal(set) var byteCount: UInt64 = 0
  public internal(set) var eventCount: UInt64 = 0
  public internal(set) var blockCount = 0
  /// First and last event.
  public internal(set) var ticksRange: ClosedRange<UInt64>?

  public init(path: String) throws(FormatError) {
    throw .notATrace(path: path)
  }

  /// A trace that lies in memory.
  public init(bytes: [UInt8], name: String = "bytes") throws(FormatError) {
    throw .notATrace(path: name)
  }

  /// Nanoseconds between the first and the last event.
  public var durationNanoseconds: UInt64 { 0 }

  /// Nanoseconds from the trace's start to `ticks`.
  public func timestamp(ofTicks ticks: UInt64) -> Int64 { 0 }

  public func process(index: UInt32) -> ProcessRecord? { nil }

  /// A stack's addresses, innermost first; empty when its block is missing.
  ///
  /// - Cost: a dictionary look-up, now and then a block's decoding; memory is bounded.
  public func stack(_ id: StackID) -> [UInt64] { [] }

  /// Every loss record of the whole blocks, in the file's order. ``lossTotals`` is cheaper.
  public func losses() throws(FormatError) -> [LossRecord] { [] }

  /// Looks for blocks that were written since; true when there are.
  public func refresh() throws(FormatError) -> Bool { false }

  /// Reads and decodes every block, adds what is wrong to ``damage``.
  public func verify() throws(FormatError) {}
}
