public import TraceAnalysis

/// A ``StackReport`` as one JSON object; Docs/reports.md lists its keys.
///
/// A call tree is a flat list in which a node refers to its caller by position, because stacks may
/// be deeper than the nesting that JSON readers allow.
public struct StackJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: StackReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("stacks", report)
      json.field("trace", report.trace)
      json.field("events", report.events)
      json.field("event_names", report.eventNames)
      json.unit(report.unit)
      if let wall = report.wall { json.wall(wall) }
      json.sampling(report.sampling)
      Self.totals(report, to: &json)
      if let limit = report.parts.functionLimit {
        let (functions, count) = report.functions(
          limit: limit, byInclusive: report.parts.sortsByInclusive)
        json.field("function_count", count)
        json.field("functions", each: functions) {
          $0.frame($1.frame)
          $0.amount(exclusive: $1.exclusive, inclusive: $1.inclusive, report.unit)
        }
      }
      if let callers = report.callers {
        json.field("callers_of", callers.pattern)
        json.tree("callers", callers.calls, report)
      }
      if let callees = report.callees {
        json.field("callees_of", callees.pattern)
        json.tree("callees", callees.calls, report)
      }
      if report.parts.showsTree { json.tree("tree", report.calls, report) }
    }
  }

  private static func totals(_ report: StackReport, to json: inout OutputBuffer) {
    let totals = report.totals
    json.field("from_ns", totals.times?.lowerBound)
    json.field("to_ns", totals.times?.upperBound)
    json.field("threads", totals.threadCount)
    json.field("total") { $0.amount(totals.metric, report.unit) }
    json.field("shown") { $0.amount(report.calls.total, report.unit) }
    json.field("without_stack") { $0.amount(totals.withoutStack, report.unit) }
    json.field("unnamed") { $0.amount(totals.unresolved, report.unit) }
    json.field("callers_lost") { $0.amount(totals.cut, report.unit) }
    json.field("processes", each: totals.processes) {
      $0.field("pid", $1.process.pid)
      $0.field("name", $1.process.name)
      $0.amount($1.metric, report.unit)
    }
  }
}

extension OutputBuffer {
  mutating func unit(_ unit: StackUnit) {
    field("unit", unit.name)
    if case .field(let name, _) = unit { field("sum_of", name) }
  }

  fileprivate mutating func wall(_ wall: WallTime) {
    field("wall") { json in
      json.field("life_ns", wall.times.life_ns)
      json.field("running_ns", wall.times.running_ns)
      json.field("runnable_ns", wall.times.runnable_ns)
      json.field("blocked_ns", wall.times.blocked_ns)
      json.field("unknown_ns", wall.times.unknown_ns)
      json.field("samples", wall.samples)
      json.field("has_wake_ups", wall.hasWakeUps)
      json.field("has_stacks", wall.hasStacks)
    }
  }

  fileprivate mutating func amount(_ metric: StackMetric, _ unit: StackUnit) {
    field("events", metric.count)
    switch unit {
    case .cpuTime: field("cpu_ns", metric.weight)
    case .wallTime: field("wall_ns", metric.weight)
    case .events: break
    case .field: field("sum", metric.weight)
    }
  }

  fileprivate mutating func amount(
    exclusive: StackMetric, inclusive: StackMetric, _ unit: StackUnit
  ) {
    field("exclusive_events", exclusive.count)
    field("inclusive_events", inclusive.count)
    switch unit {
    case .cpuTime, .wallTime:
      field("exclusive_ns", exclusive.weight)
      field("inclusive_ns", inclusive.weight)
    case .events: break
    case .field:
      field("exclusive_sum", exclusive.weight)
      field("inclusive_sum", inclusive.weight)
    }
  }

  /// Writes the keys of a frame.
  mutating func frame(_ frame: StackFrame) {
    field("kind", frame.kind.name)
    field("name", frame.name)
    if !frame.module.isEmpty { field("module", frame.module) }
    field("function", frame.function)
    if !frame.mark.isEmpty { field("mark", frame.mark) }
    if !frame.place.isEmpty { field("place", frame.place) }
  }

  /// Writes nodes in depth-first order, with the most expensive callees of a caller first.
  fileprivate mutating func tree(_ key: StaticString, _ calls: CallTree, _ report: StackReport) {
    let unit = report.unit
    let whole = Double(unit.amount(of: calls.total)) * min(max(report.parts.threshold, 0), 1)
    let least = max(nearestWhole(whole.rounded(.up)), 1)
    func children(_ node: StackTree.Node, _ parent: Int?) -> [(StackTree.Node, Int?)] {
      calls.children(of: node, by: unit.amount(of:))
        .prefix { unit.amount(of: calls.inclusive[$0]) >= least }.reversed().map { ($0, parent) }
    }
    var waiting = children(StackTree.root, nil)
    var position = 0
    let nodes = AnyIterator { () -> (StackTree.Node, Int?)? in
      guard let next = waiting.popLast() else { return nil }
      waiting += children(next.0, position)
      position += 1
      return next
    }
    field(key, each: nodes) { json, node in
      json.field("caller", node.1)
      json.frame(report.frames[calls.tree.frames[node.0]])
      json.amount(
        exclusive: calls.tree.exclusive[node.0], inclusive: calls.inclusive[node.0], unit)
    }
  }
}

extension StackFrame.Kind {
  fileprivate var name: String {
    switch self {
    case .process: "process"
    case .thread: "thread"
    case .function: "function"
    case .unresolved: "unnamed"
    case .group: "group"
    case .state: "state"
    }
  }
}
