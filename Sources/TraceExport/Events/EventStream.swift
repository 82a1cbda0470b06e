public import TraceAnalysis
public import TraceFormat

/// The events of a trace to be rendered: a selection in time order, and what is shown with each
/// event.
///
/// - Guarantee: memory is bounded by that of the replay and the buffer, regardless of the trace's
///   size.
public final class EventStream {
  /// The information shown about the events' stacks.
  public enum Stacks {
    /// No stacks.
    case leftOut
    /// Frames with names, and the given detail of their source.
    case named(SymbolizerOptions, SourceDetail)
  }

  /// Settings for a file that grows while it is read.
  public struct Growth {
    /// The result of ``next``.
    public enum Arrival {
      /// New blocks have arrived.
      case blocks
      /// Nothing has arrived for the given number of nanoseconds.
      case nothing(idle_ns: Int64)
      /// Nothing more will arrive.
      case end
    }

    /// Waits for blocks for a limited time, and calls ``TraceFile/refresh()``.
    public var next: () throws -> Arrival
    /// Nanoseconds for which an event is held until the names of its frames are known.
    public var hold_ns: Int64

    public init(hold_ns: Int64 = 0, next: @escaping () throws -> Arrival) {
      self.hold_ns = hold_ns
      self.next = next
    }
  }

  /// The replay of the events. Its filter selects the events to write.
  public let replay: Replay
  /// Maximum number of events written.
  public var limit: UInt64 = .max
  public var stacks = Stacks.leftOut
  /// Whether text shows wall-clock time instead of seconds since the trace's start.
  public var showsUTC = false
  /// Settings for a growing file; nil to read the file as it is.
  public var growth: Growth?
  /// Whether ``limit`` events have been written.
  public internal(set) var hasReachedLimit = false

  public init(_ replay: Replay) { self.replay = replay }
}
