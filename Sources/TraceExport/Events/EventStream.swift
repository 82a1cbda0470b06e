public import TraceAnalysis
public import TraceFormat

/// A trace's events on their way to a renderer: which of them, in time order, and what is shown
/// with them.
///
/// - Guarantee: memory is bounded by the replay's and the buffer's, whatever the trace's size.
public final class EventStream {
  /// What is shown of the events' stacks.
  public enum Stacks {
    /// Nothing.
    case leftOut
    /// Names of frames, and what of the source is to be shown.
    case named(SymbolizerOptions, SourceDetail)
  }

  /// A trace that is still being written.
  public struct Growth {
    public var live: LiveTrace
    /// Nanoseconds that an event waits for the names of its frames.
    public var hold_ns: Int64
  }

  /// Its filter says which events are written.
  public let replay: Replay
  /// Events that are written at most.
  public var limit: UInt64 = .max
  public var stacks = Stacks.leftOut
  /// Text shows the wall clock's time in place of seconds since the trace's start.
  public var showsUTC = false
  /// Nil for a file that is read as it is.
  public let growth: Growth?
  /// Whether as many events were written as ``limit`` allows.
  public internal(set) var hasReachedLimit = false

  /// A file as it is.
  public init(_ replay: Replay) { (self.replay, growth) = (replay, nil) }

  /// A trace that is still being written, until its end.
  ///
  /// - Parameter hold_ns: nanoseconds that an event waits for the names of its frames.
  public init(following live: LiveTrace, hold_ns: Int64 = 0) {
    (replay, growth) = (live.replay, Growth(live: live, hold_ns: hold_ns))
  }
}
