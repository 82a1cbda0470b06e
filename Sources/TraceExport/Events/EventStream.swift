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

  /// Settings for a trace that is still being written.
  public struct Growth {
    public var live: LiveTrace
    /// Nanoseconds for which an event is held until the names of its frames are known.
    public var hold_ns: Int64
  }

  /// The replay of the events. Its filter selects the events to write.
  public let replay: Replay
  /// Maximum number of events written.
  public var limit: UInt64 = .max
  public var stacks = Stacks.leftOut
  /// Whether text shows wall-clock time instead of seconds since the trace's start.
  public var showsUTC = false
  /// Settings for a growing trace; nil to read the file as it is.
  public let growth: Growth?
  /// Whether ``limit`` events have been written.
  public internal(set) var hasReachedLimit = false

  /// Creates a stream of the events that a file contains now.
  public init(_ replay: Replay) { (self.replay, growth) = (replay, nil) }

  /// Creates a stream of a trace that is still being written, until its end.
  ///
  /// - Parameter hold_ns: nanoseconds for which events wait for the names of their frames.
  public init(following live: LiveTrace, hold_ns: Int64 = 0) {
    (replay, growth) = (live.replay, Growth(live: live, hold_ns: hold_ns))
  }
}
