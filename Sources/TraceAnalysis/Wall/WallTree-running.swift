/// Running time, distributed over CPU samples.
extension WallTree {
  /// Replaces the weights of each thread's CPU samples by parts of its running time, in
  /// nanoseconds; time of threads without samples counts at ``running``.
  ///
  /// - Guarantee: the parts add up to the thread's running time exactly.
  mutating func distribute(_ times: [StackTree.Node: UInt64]) {
    let threads = threadNodes()
    var shares: [StackTree.Node: Share] = [:]
    for (node, time) in times { shares[node] = Share(time: time) }
    for node in 0..<tree.count where tree.exclusive[node].count > 0 {
      shares[threads[node]]?.add(tree.exclusive[node].weight)
    }
    var samples: UInt64 = 0
    tree.reweigh { node, metric in
      guard metric.count > 0, let part = shares[threads[node]]?.next(metric.weight) else {
        return StackMetric()
      }
      samples &+= metric.count
      return StackMetric(count: metric.count, weight: part)
    }
    wall.samples = samples
    for (node, share) in shares.sorted(by: { $0.key < $1.key }) where !share.hasParts {
      add(Self.running, share.time, to: node)
    }
  }

  /// Returns the thread's node above each node; the root's number for those of processes.
  private func threadNodes() -> [StackTree.Node] {
    var threads = [StackTree.Node](repeating: StackTree.root, count: tree.count)
    for node in 1..<max(tree.count, 1) {
      let parent = Int(tree.parents[node])
      guard parent != StackTree.root else { continue }
      threads[node] = threads[parent] == StackTree.root ? node : threads[parent]
    }
    return threads
  }

  /// A thread's running time, which is divided in proportion to the weights of its samples.
  private struct Share {
    let time: UInt64
    /// Sum of the weights; nil if it is too large to be true.
    private var whole: UInt64? = 0
    private var passed: UInt64 = 0
    private var given: UInt64 = 0

    init(time: UInt64) { self.time = time }

    /// Whether the time can be divided.
    var hasParts: Bool { time > 0 && whole ?? 0 > 0 }

    mutating func add(_ weight: UInt64) {
      guard let sum = whole?.addingReportingOverflow(weight) else { return }
      whole = sum.overflow ? nil : sum.partialValue
    }

    /// Returns the part of the next sample; nil if the time cannot be divided.
    mutating func next(_ weight: UInt64) -> UInt64? {
      guard hasParts, let whole else { return nil }
      passed += weight
      // The quotient is no more than `time`, because `passed` is no more than `whole`.
      let end = whole.dividingFullWidth(time.multipliedFullWidth(by: passed)).quotient
      defer { given = end }
      return end - given
    }
  }
}
