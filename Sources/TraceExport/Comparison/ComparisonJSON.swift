public import TraceAnalysis

/// A ``ComparisonReport`` as one JSON object; Docs/reports.md lists its keys.
public struct ComparisonJSON: Renderer {
  /// Share of either side's total from which a node of the tree is written.
  private static let threshold = 0.001

  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: ComparisonReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("compare", report)
      json.divisor(report.divisor)
      let quantity = report.quantity
      json.unit(quantity.unit)
      json.field("event_names", quantity.eventNames)
      json.field("base_runs", each: report.base) { $0.run($1) }
      json.field("new_runs", each: report.new) { $0.run($1) }
      json.field("cautions", each: report.cautions) {
        $0.field("caution", $1.name)
        $0.field("sentence", $1.sentence)
      }
      json.field("total") { $0.change(report.total) }
      json.field("probability_limit", report.limit)
      json.field("excess_noise", report.excess)
      json.field("function_count", report.functions.count)
      json.field("distinguishable_count", report.distinguishable.functions)
      json.field("functions", each: report.functions(limit: report.listLimit ?? .max)) {
        $0.function($1, isTime: quantity.unit == .cpuTime)
      }
      json.field("measures", each: report.measures) { $0.measure($1) }
      if let difference = report.difference {
        json.tree(difference, Self.threshold, isTime: quantity.unit == .cpuTime)
      }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func divisor(_ divisor: RunDivisor) {
    switch divisor {
    case .second: field("per", "second")
    case .run: field("per", "run")
    case .cpu: field("per", "cpu")
    case .request: field("per", "request")
    case .event(let name):
      field("per", "event")
      field("event", name)
    }
  }

  fileprivate mutating func run(_ run: RunProfile) {
    field("trace", run.trace)
    field("events", run.events)
    field("lost_events", run.lost.events)
    field("duration_ns", run.span_ns)
    field("cpus", run.cpus)
    field("programs", run.programs)
    field("samples", run.total.count)
    switch run.quantity.unit {
    case .cpuTime: field("cpu_ns", run.total.weight)
    case .events: break
    case .field, .wallTime: field("sum", run.total.weight)
    }
    if run.quantity.unit == .cpuTime { field("interval_ns", run.interval_ns) }
    field("divisor", run.divisor)
  }

  fileprivate mutating func change(_ change: ComparisonReport.Change) {
    field("base", change.base)
    field("new", change.new)
    field("change_percent", change.percent)
    field("low_percent", change.interval_percent?.lowerBound)
    field("high_percent", change.interval_percent?.upperBound)
    field("verdict", change.verdict.rawValue)
  }

  fileprivate mutating func function(_ function: ComparisonReport.Function, isTime: Bool) {
    frame(function.frame)
    field("base_samples", function.baseSamples)
    field("new_samples", function.newSamples)
    field(isTime ? "excess_ns" : "excess", function.excess)
    field("overweight_percent", function.overweight_percent)
    field("exclusive") { $0.change(function.exclusive) }
    field("inclusive") { $0.change(function.inclusive) }
  }

  fileprivate mutating func measure(_ measure: ComparisonReport.Measure) {
    field("topic", measure.topic.rawValue)
    field("name", measure.name)
    field("unit", measure.unit.rawValue)
    field("is_divided", measure.isAmount)
    change(measure.change)
  }

  /// Writes nodes in depth-first order. Nodes with a small share on both sides are left out.
  fileprivate mutating func tree(
    _ difference: DifferenceTree, _ threshold: Double, isTime: Bool
  ) {
    let keys: [StaticString] =
      isTime
      ? ["base_exclusive_ns", "new_exclusive_ns", "base_inclusive_ns", "new_inclusive_ns"]
      : ["base_exclusive", "new_exclusive", "base_inclusive", "new_inclusive"]
    let base = difference.baseInclusive[StackTree.root] * threshold
    let new = difference.newInclusive[StackTree.root] * threshold
    func children(_ node: Int, _ caller: Int?) -> [(node: Int, caller: Int?)] {
      difference.children[node].filter {
        difference.baseInclusive[$0] > base || difference.newInclusive[$0] > new
      }.map { ($0, caller) }
    }
    var waiting = children(StackTree.root, nil)
    var position = 0
    let nodes = AnyIterator { () -> (node: Int, caller: Int?)? in
      guard let next = waiting.popLast() else { return nil }
      waiting += children(next.node, position)
      position += 1
      return next
    }
    field("tree", each: nodes) { json, next in
      json.field("caller", next.caller)
      json.frame(difference.frames[difference.tree.frames[next.node]])
      json.field(keys[0], difference.baseExclusive[next.node])
      json.field(keys[1], difference.newExclusive[next.node])
      json.field(keys[2], difference.baseInclusive[next.node])
      json.field(keys[3], difference.newInclusive[next.node])
    }
  }
}
