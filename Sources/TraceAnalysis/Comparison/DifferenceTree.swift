/// One call tree with the amounts of both sides, for a differential flame graph.
public struct DifferenceTree: Sendable {
  public private(set) var tree = StackTree()
  public private(set) var frames = FrameTable()
  /// Amounts, divided, by node: of its own, and with its callees.
  public private(set) var baseExclusive: [Double] = [0]
  public private(set) var newExclusive: [Double] = [0]
  public private(set) var baseInclusive: [Double] = []
  public private(set) var newInclusive: [Double] = []
  /// Children of each node.
  public private(set) var children: [[Int]] = []

  init(base: [RunProfile], new: [RunProfile], _ amount: (UInt64, RunProfile) -> Double) {
    for run in base { add(run, isNew: false, share: Double(base.count), amount) }
    for run in new { add(run, isNew: true, share: Double(new.count), amount) }
    (baseInclusive, newInclusive) = (baseExclusive, newExclusive)
    children = [[Int]](repeating: [], count: tree.count)
    for node in stride(from: tree.count - 1, to: 0, by: -1) {
      let parent = Int(tree.parents[node])
      baseInclusive[parent] += baseInclusive[node]
      newInclusive[parent] += newInclusive[node]
      children[parent].append(node)
    }
  }

  private mutating func add(
    _ run: RunProfile, isNew: Bool, share: Double, _ amount: (UInt64, RunProfile) -> Double
  ) {
    let names = run.frames.frames.map { frames.id(of: $0) }
    var nodes = [Int](repeating: StackTree.root, count: run.tree.count)
    for node in 1..<max(run.tree.count, 1) {
      let caller = nodes[Int(run.tree.parents[node])]
      let target = tree.child(of: caller, names[Int(run.tree.frames[node].rawValue)])
      if target == baseExclusive.count {
        baseExclusive.append(0)
        newExclusive.append(0)
      }
      nodes[node] = target
      let own = amount(run.tree.exclusive[node].weight, run) / share
      if isNew { newExclusive[target] += own } else { baseExclusive[target] += own }
    }
  }
}
