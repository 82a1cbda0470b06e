public import TraceEvents

/// What a comparison takes from one trace: its functions, other amounts, and the circumstances.
public struct RunProfile: Report {
  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  /// Number of events in the trace.
  public var events: UInt64
  /// Length of the selected time.
  public var span_ns: UInt64
  /// Number of processors of the machine; 0 if not known.
  public var cpus: UInt32
  public var sampling: SamplingStarted?
  /// What ``total`` and ``functions`` add up.
  public var quantity = ComparedQuantity()
  /// Amount of an event, such as a sample's CPU time; 0 without events.
  public var interval_ns: UInt64 = 0
  /// Programs that account for most of the total, or all programs without events; sorted.
  public var programs: [String] = []
  /// What amounts are divided by; nil if the trace does not have it.
  public var divisor: Double?
  /// Number and amount of all events, which are CPU samples unless ``quantity`` says otherwise.
  public var total = StackMetric()
  /// Functions and their amounts. Equal functions have one entry.
  public var functions: [CallTree.NameEntry] = []
  /// Stacks and functions without what differs between runs, such as process ids.
  var tree = StackTree()
  var frames = FrameTable()
  /// In the order of the topics.
  public var measures: [RunMeasure] = []

  /// Share of the emitted events that are not in the trace, from 0 to 100.
  public var lost_percent: Double {
    let all = Double(lost.events) + Double(events)
    return all > 0 ? Double(lost.events) / all * 100 : 0
  }
}

/// A number that a report states of a run.
public struct RunMeasure: Hashable, Sendable {
  /// What the number is about; each is a report.
  public enum Topic: String, Hashable, Sendable, CaseIterable {
    case gc, exceptions, allocations, jit, threads, requests, system
  }

  /// Unit of a measure.
  public enum Unit: String, Hashable, Sendable {
    case count, ns, bytes
  }

  public var topic: Topic
  /// What is measured, in words: `pauses`, `thrown java.lang.Error`.
  public var name: String
  public var unit: Unit
  public var value: Double
  /// Whether the value grows with the length of the run, and is divided like CPU time.
  public var isAmount = true
  /// Whether the value is a number of events that happen by chance.
  public var isCount: Bool { unit == .count && isAmount && isOfEvents }
  var isOfEvents = true
}

/// What amounts are divided by, so that runs of different lengths can be compared.
public enum RunDivisor: Hashable, Sendable {
  /// The length of the run in seconds.
  case second
  /// The whole run: amounts stay as they are.
  case run
  /// The CPU time of all samples in seconds: amounts are shares. Other measures are per second of
  /// CPU time.
  case cpu
  /// The number of events with this name, `Provider/Event`.
  case event(String)
  /// The number of completed requests.
  case request
}
