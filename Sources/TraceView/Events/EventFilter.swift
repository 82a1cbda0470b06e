internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// The events that a request asks for.
struct EventFilter: Hashable, Sendable {
  var events: [String]
  var providers: [String]
  var pids: Set<UInt32>?
  var tids: Set<UInt32>?
  var time: ClosedRange<Int64>?
  var conditions: [FieldCondition]

  init(_ query: Query) throws(Refusal) {
    events = query.texts("event")
    providers = query.texts("provider")
    pids = try query.ids("pid")
    tids = try query.ids("tid")
    time = try query.time()
    conditions = []
    for text in query.texts("where").flatMap({ $0.split(separator: ";") }) {
      conditions.append(try FieldCondition(String(text)))
    }
    guard conditions.count <= FieldCondition.conditionsMax else {
      throw Refusal(400, "There are more than \(FieldCondition.conditionsMax) comparisons.")
    }
  }

  var admitsAll: Bool {
    events.isEmpty && providers.isEmpty && pids == nil && tids == nil && time == nil
      && conditions.isEmpty
  }

  /// Filter for a replay of the events within a time.
  func replayFilter(within part: ClosedRange<Int64>? = nil) -> ReplayFilter {
    var filter = ReplayFilter()
    filter.pids = pids
    filter.tids = tids
    filter.time = time
    if let part {
      let low = max(part.lowerBound, time?.lowerBound ?? .min)
      filter.time = low...max(low, min(part.upperBound, time?.upperBound ?? .max))
    }
    let patterns = EventPatterns(providers: providers, events: events)
    let conditions = conditions
    filter.admits = { schema in
      patterns.admits(schema) && conditions.allSatisfy { $0.test(schema) != nil }
    }
    return filter
  }

  /// The tests of the conditions by type.
  func tests(_ file: TraceFile) -> [[FieldTest]] {
    file.eventTypes.map { type in conditions.compactMap { $0.test(type.schema) } }
  }

  /// The fields that the conditions read.
  var fields: EventFields { conditions.isEmpty ? .none : .named(Set(conditions.map(\.field))) }
}
