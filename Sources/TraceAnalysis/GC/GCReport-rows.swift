public import TraceEvents

extension GCReport {
  /// A completed collection.
  public struct Collection: Hashable, Sendable {
    /// The runtime's number.
    public var number: UInt32
    /// The oldest generation collected.
    public var generation: UInt32
    public var cause: Cause
    public var type: GCType
    public var start_ns: Int64
    /// From GCStart to GCEnd; of a collection in the background, mostly not a pause.
    public var collect_ns: UInt64
    /// Sum of the pauses for this collection; nil if not known.
    public var pause_ns: UInt64?
    /// The part of the pauses in which threads were being stopped; nil if not known.
    public var suspend_ns: UInt64?
    /// The runtime's name for what collected; nil if not known.
    public var collector: String?
    /// Bytes that allocation events reported since the previous collection began; nil without such
    /// events.
    public var allocated_bytes: UInt64?
    /// What the runtime stated; else the heap after the previous collection, plus the bytes that
    /// allocation events reported since, or nil if that is not known to within a tenth, because
    /// each of the events stands for more bytes.
    public var heapBefore_bytes: UInt64?
    public var heapAfter_bytes: UInt64?
    public var promoted_bytes: UInt64?

    /// Heap after the collection as a percentage of the heap before; nil if not known.
    public var survival_percent: Double? {
      guard let heapBefore_bytes, let heapAfter_bytes, heapBefore_bytes > 0 else { return nil }
      return Double(heapAfter_bytes) / Double(heapBefore_bytes) * 100
    }
  }

  /// A time in which the program's threads were stopped for a collection.
  public struct Pause: Hashable, Sendable {
    public var start_ns: Int64
    public var duration_ns: UInt64
    /// Time until all threads had stopped; nil if not known.
    public var suspend_ns: UInt64?
    /// Number of the first collection of the pause; nil if not known.
    public var collection: UInt32?
    public var generation: UInt32?
    public var cause: Cause?
    /// What threads of the process did in the ``before_ns`` before the pause: those that used most
    /// CPU time, then those with most events, at most ``threadsMax``. Nil if it was not looked up;
    /// only the ten longest pauses of all processes are.
    public var before: [ThreadBefore]?

    public static let before_ns: UInt64 = 10_000_000
    public static let threadsMax = 5
  }

  /// What a thread did just before a pause.
  public struct ThreadBefore: Hashable, Sendable {
    public var tid: UInt32
    /// Empty if not known.
    public var name: String
    /// CPU time according to samples; nil if the trace has none.
    public var cpu_ns: UInt64?
    /// Most frequent first.
    public var events: [EventCount]
    /// Time of its last event.
    public var last_ns: Int64
    /// The stack of its last event that has one; the innermost frames first.
    public var frames: [StackFrame]
  }

  /// The number of events of a type.
  public struct EventCount: Hashable, Sendable {
    /// Provider and name: `System.ContextSwitch`.
    public var event: String
    public var count: UInt64
  }

  /// Why a collection was started.
  public enum Cause: Hashable, Comparable, Sendable {
    case reason(GCReason)
    /// In the runtime's own words.
    case text(String)

    public static func < (a: Cause, b: Cause) -> Bool {
      switch (a, b) {
      case (.reason(let a), .reason(let b)): a.rawValue < b.rawValue
      case (.reason, .text): true
      case (.text, .reason): false
      case (.text(let a), .text(let b)): a < b
      }
    }
  }

  /// Collections of one generation or cause.
  public struct Group<Key: Hashable & Sendable>: Hashable, Sendable {
    public var key: Key
    public var collections: Int
    /// Pauses of the collections; a pause for two collections counts for each.
    public var pauses: DurationSummary
    public var collect_ns: UInt64
    public var promoted_bytes: UInt64?
  }

  /// A thread that waited for memory.
  public struct Stall: Hashable, Sendable {
    public var start_ns: Int64
    public var duration_ns: UInt64
    public var threadID: UInt32
    public var threadName: String
  }

  /// A collection or suspension whose end is not known.
  public struct Open: Hashable, Sendable {
    /// What has begun.
    public enum Kind: String, Hashable, Sendable {
      case collection
      case suspension
    }

    /// Why the end is not known.
    public enum Reason: String, Hashable, Sendable {
      /// Events between the beginning and a possible end are missing.
      case eventsMissing = "events are missing"
      case processEnded = "the process ended"
      case traceEnded = "the trace ended"
    }

    public var kind: Kind
    /// The collection's number according to the event.
    public var number: UInt32
    public var start_ns: Int64
    public var reason: Reason
  }
}
