public import TraceAnalysis

/// Two call trees to be drawn as one flame graph: that which is shown, and optionally an earlier
/// one whose amounts decide the colors.
public struct FlameGraph: Report {
  public var lost: LostEvents { stacks.lost }
  public var partial: [PartialReason] { stacks.partial }
  public var stacks: StackReport
  /// The stacks with which they are compared.
  public var base: StackReport?

  public init(_ stacks: StackReport, base: StackReport? = nil) {
    (self.stacks, self.base) = (stacks, base)
  }
}

/// The boxes of a flame graph.
struct FlameTree {
  struct Box {
    var node: StackTree.Node
    var depth: Int
    /// Sum of the amounts left of it.
    var start: UInt64
    var amount: UInt64
    /// The same stack's amount in the base.
    var base: UInt64
  }

  /// Boxes narrower than this share of the whole are not drawn, nor is what is above them.
  static let shareMin = 1.0 / 4000
  /// Deeper boxes are not drawn.
  static let depthMax = 400

  private(set) var boxes: [Box] = []
  /// Number of boxes that are too small or too deep.
  private(set) var hidden = 0
  let total: UInt64
  let baseTotal: UInt64
  private(set) var depth = 0

  init(_ graph: FlameGraph) {
    let calls = graph.stacks.calls
    let unit = graph.stacks.unit
    total = unit.amount(of: calls.total)
    baseTotal = graph.base.map { $0.unit.amount(of: $0.calls.total) } ?? 0
    let base = graph.base.map { Self.amounts(of: $0, in: graph.stacks) } ?? [:]
    let least = max(nearestWhole((Double(total) * Self.shareMin).rounded(.up)), 1)
    var waiting = [Box(node: StackTree.root, depth: 0, start: 0, amount: total, base: baseTotal)]
    while let box = waiting.popLast() {
      boxes.append(box)
      depth = max(depth, box.depth)
      var start = box.start
      let children = calls.children(of: box.node, by: unit.amount(of:)).sorted {
        Self.name(of: $0, in: graph.stacks) < Self.name(of: $1, in: graph.stacks)
      }
      for child in children {
        let amount = unit.amount(of: calls.inclusive[child])
        if amount >= least, box.depth < Self.depthMax {
          waiting.append(
            Box(
              node: child, depth: box.depth + 1, start: start, amount: amount,
              base: base[child] ?? 0))
        } else {
          hidden += 1
        }
        start &+= amount
      }
    }
  }

  /// The name on a box.
  static func name(of node: StackTree.Node, in report: StackReport) -> String {
    node == StackTree.root ? "all" : report.frames[report.calls.tree.frames[node]].name
  }

  /// Returns the amounts of a base by the nodes of a report. Processes are the same if their names
  /// are, whatever their ids.
  private static func amounts(
    of base: StackReport, in report: StackReport
  ) -> [StackTree.Node: UInt64] {
    func key(_ frame: StackFrame) -> String { frame.identity?.name ?? frame.name }
    struct Call: Hashable {
      var caller: StackTree.Node
      var name: String
    }
    let tree = report.calls.tree
    // Equal processes share the first one's node.
    var nodes: [Call: StackTree.Node] = [:]
    var canonical = [StackTree.Node](repeating: StackTree.root, count: tree.count)
    let names = report.frames.frames.map(key)
    for node in 1..<max(tree.count, 1) {
      let call = Call(
        caller: canonical[Int(tree.parents[node])], name: names[Int(tree.frames[node].rawValue)])
      canonical[node] = nodes[call] ?? node
      nodes[call] = canonical[node]
    }
    var amounts: [StackTree.Node: UInt64] = [:]
    let old = base.calls.tree
    let inclusive = base.calls.inclusive
    let oldNames = base.frames.frames.map(key)
    var places = [StackTree.Node?](repeating: nil, count: old.count)
    places[StackTree.root] = StackTree.root
    for node in 1..<max(old.count, 1) {
      guard let caller = places[Int(old.parents[node])] else { continue }
      let name = oldNames[Int(old.frames[node].rawValue)]
      places[node] = nodes[Call(caller: caller, name: name)]
      if let place = places[node] {
        amounts[place, default: 0] &+= base.unit.amount(of: inclusive[node])
      }
    }
    return amounts
  }
}
