/// Number of events by weight, for the first distinct weights met.
struct WeightCounts: Sendable {
  /// Maximum number of weights counted separately.
  static let max = 64

  private var counts: [UInt64: Int] = [:]

  mutating func add(_ count: Int, of weight: UInt64) {
    if counts.count < Self.max || counts[weight] != nil { counts[weight, default: 0] += count }
  }

  mutating func add(_ other: WeightCounts) {
    for (weight, count) in other.counts.sorted(by: { $0.key < $1.key }) { add(count, of: weight) }
  }

  /// Most frequent weight; 0 if there is none.
  var usual: UInt64 { counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0 }
}

/// Root of a process's stacks in a tree, and time of the process's first event.
struct ProcessBegin: Sendable {
  var node: StackTree.Node
  var time: Int64
}

extension StackCollection {
  /// Merges the results of several collectors, each for other processes or other times, earlier
  /// ones first. Processes, and the nodes below a process, are in the order in which one collector
  /// would have created them.
  ///
  /// - Cost: one lookup per node and frame, except for those of the first part if its processes
  ///   come before all others. A part's memory is freed when it is added.
  init(merging parts: consuming [StackCollection]) {
    let begins = parts.map { part in
      part.begins.map { (time: $0.time, frame: part.frames[part.tree.frames[$0.node]]) }
    }
    let firstEnd = begins.first?.map(\.time).max() ?? .min
    if !parts.isEmpty, begins.dropFirst().joined().allSatisfy({ $0.time >= firstEnd }) {
      self = parts.removeFirst()
      self.begins = []
    }
    // Sorting is stable.
    for begin in begins.joined().sorted(by: { $0.time < $1.time }) {
      _ = tree.child(of: StackTree.root, frames.id(of: begin.frame))
    }
    var runs = [samples]
    samples = []
    while !parts.isEmpty {
      var part = parts.removeFirst()
      add(&part)
      runs.append(part.samples)
    }
    samples = Self.inOrderOfTime(runs)
    settle()
  }

  /// Adds a part, whose samples get the numbers of the nodes here.
  private mutating func add(_ part: inout StackCollection) {
    let numbers = frames.add(part.frames)
    let nodes = tree.add(part.tree) { numbers[Int($0.rawValue)] }
    for place in part.samples.indices {
      part.samples[place].node = nodes[Int(part.samples[place].node)]
    }
    totals.add(part.totals)
    threads.formUnion(part.threads)
    weights.add(part.weights)
  }

  /// Joins the samples of several parts, each in order of time; of equal times, the earlier part's
  /// come first.
  private static func inOrderOfTime(_ runs: [[TimedSample]]) -> [TimedSample] {
    var result: [TimedSample] = []
    result.reserveCapacity(runs.reduce(0) { $0 + $1.count })
    var places = [Int](repeating: 0, count: runs.count)
    while true {
      var next: (run: Int, sample: TimedSample)?
      for run in runs.indices where places[run] < runs[run].count {
        let sample = runs[run][places[run]]
        if let earliest = next, earliest.sample.time <= sample.time { continue }
        next = (run, sample)
      }
      guard let next else { return result }
      result.append(next.sample)
      places[next.run] += 1
    }
  }

  /// Updates derived totals.
  mutating func settle() {
    totals.threadCount = threads.count
    totals.usualWeight = weights.usual
    totals.processes.sort {
      ($1.metric.weight, $0.process.pid, $0.process.generation)
        < ($0.metric.weight, $1.process.pid, $1.process.generation)
    }
  }
}

extension ResolvedProcess {
  /// Unique number for each lifetime of each process id.
  var life: UInt64 { UInt64(pid) << 32 | UInt64(generation) }
}

extension StackTotals {
  fileprivate mutating func add(_ later: StackTotals) {
    metric &+= later.metric
    withoutStack &+= later.withoutStack
    unresolved &+= later.unresolved
    cut &+= later.cut
    if let other = later.times {
      let own = times ?? other
      times =
        min(own.lowerBound, other.lowerBound)...max(own.upperBound, other.upperBound)
    }
    var positions: [UInt64: Int] = [:]
    for (position, known) in processes.enumerated() { positions[known.process.life] = position }
    for added in later.processes {
      if let known = positions[added.process.life] {
        processes[known].metric &+= added.metric
      } else {
        processes.append(added)
      }
    }
  }
}
