internal import TraceFormat

/// What the timeline shows of a trace, read once and kept in memory.
///
/// - Cost: at most about 200 MB, for traces with millions of samples and switches.
struct Timeline: Sendable {
  /// A process or one of its threads.
  struct Lane: Sendable {
    var pid: UInt32
    /// Nil for the process itself.
    var tid: UInt32?
    var name: String
    /// Position of the process's lane.
    var process: Int
    /// CPU time, running time and number of exceptions, by which lanes are ordered.
    var activity: UInt64 = 0
    var from = Int64.max
    var to = Int64.min
  }

  /// States of threads in ``states``.
  enum State: UInt8 { case running = 0, runnable, blocked }

  /// A reading of the machine's counters.
  struct Reading: Sendable {
    var from: Int64
    var to: Int64
    var user: UInt64 = 0
    var system: UInt64 = 0
    var steal: UInt64 = 0
    var iowait: UInt64 = 0
    var idle: UInt64 = 0
    var available_bytes: UInt64?
  }

  struct Loss: Sendable {
    var from: Int64
    var to: Int64
    var count: UInt64
    var cause: String
  }

  /// Maximum number of lanes; the threads that come later have none.
  static let lanesMax = 20_000

  /// First and last event.
  var time: ClosedRange<Int64> = 0...0
  var lanes: [Lane] = []
  /// CPU samples on the lanes of threads; the weight is CPU time.
  var samples = PointLog()
  var exceptions = PointLog()
  /// Ends of requests.
  var requests = PointLog()
  var states = SpanLog()
  /// Pauses for garbage collections, on the lanes of processes.
  var pauses = SpanLog()
  var readings: [Reading] = []
  var memory_bytes: UInt64 = 0
  var losses: [Loss] = []
  var blocks: [BlockSpan] = []
  var events: UInt64 = 0
  var isComplete = true

  /// Takes what the trace's index has.
  mutating func takeIndex(_ file: TraceFile) {
    blocks = file.blockSpans
    let from = blocks.map(\.from).min() ?? 0
    time = from...max(from, blocks.map(\.to).max() ?? 0)
    events = file.eventCount
    isComplete = file.isComplete
  }
}
