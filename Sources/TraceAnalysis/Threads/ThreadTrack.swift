internal import TraceEvents
internal import TraceFormat

/// What one thread does at a time.
struct ThreadTrack {
  enum State: UInt8 { case unknown, running, runnable, blocked, ended }

  /// A wake-up of the thread.
  struct WakeUp {
    var time: Int64
    /// Whether it came before the switch that it belongs to: the waker may be faster than the CPU
    /// that the thread is leaving.
    var isEarly: Bool
    var tid: UInt32
    var process: UInt32
    var context: UInt8
    var stack: StackID
  }

  let tid: UInt32
  let processIndex: UInt32
  let firstEvent: Int64
  /// The beginning of what is known of the thread.
  var from: Int64
  /// The thread's end.
  var until: Int64?
  var state = State.unknown
  /// Beginning of the current state.
  var since: Int64
  /// Whether a runnable thread was running before.
  var isPreempted = false
  var times = ThreadReport.Times()
  /// Of the current wait.
  var stack = StackID.none
  var waitState = ThreadState.unknown
  var wakeUp: WakeUp?

  init(_ header: EventHeader, from: Int64) {
    (tid, processIndex) = (header.tid, header.processIndex)
    firstEvent = header.timestamp
    self.from = from
    since = from
  }
}

/// Waits of one thread at one stack.
struct WaitRecord {
  struct Key: Hashable {
    var track: UInt32
    var stack: UInt32
    var state: UInt8
  }

  var key: Key
  var count: UInt64 = 0
  var total: UInt64 = 0
  var longest: UInt64 = 0
  /// Beginning of the first one, for names.
  var time: Int64

  mutating func add(_ duration: UInt64) {
    count += 1
    total = total.addingClamped(duration)
    longest = max(longest, duration)
  }
}

/// Waits of a ``WaitRecord`` that were ended by the same thread at the same stack.
struct WakerRecord {
  struct Key: Hashable {
    var wait: UInt32
    var tid: UInt32
    var process: UInt32
    var stack: UInt32
    var context: UInt8
  }

  var key: Key
  var count: UInt64 = 0
  var total: UInt64 = 0
  var time: Int64
}

/// A single wait.
struct SingleWait {
  var track: UInt32
  var start: Int64
  var duration: UInt64
  var stack: StackID
  var state: ThreadState
  var cause = ThreadReport.Open.Cause.traceEnded
}
