internal import TraceEvents
internal import TraceFormat

/// Builds a tree from events' stacks while they are read, in time order.
struct StackCollector {
  /// Limits of the caches, which are emptied when full.
  static let placesMax = 2 << 20
  static let addressesMax = 1 << 20
  /// Maximum number of tree nodes for which memory is reserved in advance.
  static let nodesExpectedMax = 1 << 20

  private(set) var tree = StackTree()
  private(set) var frames = FrameTable()
  private var totals = StackTotals()
  private let file: TraceFile
  private let admits: (@Sendable (ResolvedProcess) -> Bool)?
  private let separatesThreads: Bool
  private let foldsRecursion: Bool
  private var resolver: any FrameResolver
  /// Whether each event is kept, and not only the tree.
  private let keepsSamples: Bool
  private var samples: [TimedSample] = []

  private var origins: [Origin] = []
  /// Process numbers by pid and generation.
  private var processNumbers: [UInt64: UInt32] = [:]
  private var originIndexes: [OriginKey: Int] = [:]
  /// Latest origin of each thread.
  private var latestOrigins: [UInt64: Int] = [:]
  private var threads: Set<UInt64> = []
  /// Total metric of each origin's events.
  private var metrics: [StackMetric] = []
  /// Recently met threads, indexed by a few bits of their id.
  private let recent: UnsafeMutablePointer<RecentThread>
  /// Queue of events: while one is placed, the memory for the next ones is prefetched.
  private let waiting: UnsafeMutablePointer<Sample>
  private var waitingCount = 0
  /// Keeps the prefetching loads from being optimized away; has no meaning.
  private var approached: UInt64 = 0
  /// Tree nodes of the file's stacks and the times for which they hold, by origin and stack. It has
  /// every stack that belonged to an event, and every fourth of the stacks that only lead to
  /// others. For the rest, an outer stack that has an entry is near.
  private let places: ProbeTable<UInt32>
  /// Resolved addresses, by process and address.
  private let addresses: ProbeTable<Answer>
  /// Frames of a stack that have no node yet, innermost first.
  private var path: [Step] = []
  private var weights = WeightCounts()
  private var begins: [ProcessBegin] = []
  /// Weight of the latest events, and the number of consecutive events with it.
  private var latestWeight: (weight: UInt64, count: Int) = (0, 0)

  /// Events of one origin share a node of the tree.
  private struct Origin {
    var process: ResolvedProcess
    /// Dense, from 1.
    var number: UInt32
    var tid: UInt32
    var node: StackTree.Node
    var isAdmitted: Bool
  }

  private struct RecentThread: BitwiseCopyable {
    var pid: UInt32
    var tid: UInt32
    /// -1 while no thread with this index has been met.
    var origin: Int32 = -1
    var from = Int64.max
    var until = Int64.min

    static let count = 256

    /// The same thread id may be in use in several processes: pid namespaces, and reused ids.
    @inline(__always)
    static func slot(_ pid: UInt32, _ tid: UInt32) -> Int { Int((tid &+ pid &* 61) & 255) }

    @inline(__always)
    func holds(_ sample: Sample) -> Bool {
      pid == sample.pid && tid == sample.tid && from <= sample.time && sample.time <= until
    }
  }

  /// The required data of an event.
  private struct Sample {
    var time: Int64
    var weight: UInt64
    var pid: UInt32
    var tid: UInt32
    var stack: StackID
    var cpu: UInt16

    /// Maximum number of waiting events.
    static let waitingMax = 32
  }

  private struct OriginKey: Hashable {
    var process: UInt32
    var tid: UInt32
  }

  /// Node at which a stack counts.
  private struct Place {
    var node: StackTree.Node
    /// Whether outer callers are missing.
    var isCut = false

    init(node: StackTree.Node) { self.node = node }

    /// The node number has 23 bits.
    init(rawValue: UInt32) {
      node = Int(rawValue & ~(1 << 31))
      isCut = rawValue >> 31 != 0
    }

    var rawValue: UInt32 { UInt32(truncatingIfNeeded: node) | (isCut ? 1 << 31 : 0) }
  }

  // Not private: a private type in a generic class is not specialized.
  struct Answer: BitwiseCopyable {
    var frame: UInt32 = 0
    var inlinedStart: UInt32 = 0
    var inlinedEnd: UInt32 = 0
  }

  private struct Step: BitwiseCopyable {
    var address: UInt64
    /// Key in ``places``; 0 if the step is not stored there.
    var key: UInt64
    var isCaller: Bool
  }

  /// - Parameter sharers: number of collectors that share the memory allowed for one.
  init(
    _ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver, sharers: Int
  ) {
    self.file = file
    self.resolver = resolver
    places = ProbeTable(limit: Self.placesMax / sharers)
    addresses = ProbeTable(limit: Self.addressesMax / sharers)
    tree.reserve(min(file.stackNodeCount, Self.nodesExpectedMax) / sharers)
    admits = selection.admits
    separatesThreads = selection.separatesThreads
    foldsRecursion = selection.foldsRecursion
    keepsSamples = selection.log != nil
    recent = .allocate(capacity: RecentThread.count)
    recent.initialize(repeating: RecentThread(pid: 0, tid: 0), count: RecentThread.count)
    waiting = .allocate(capacity: Sample.waitingMax)
  }

  /// Frees the memory. The collector must not be used afterwards.
  func deallocate() {
    recent.deallocate()
    waiting.deallocate()
  }

  mutating func add(_ header: EventHeader, weight: UInt64) {
    waiting[waitingCount] = Sample(
      time: header.timestamp, weight: weight, pid: header.pid, tid: header.tid,
      stack: header.stack, cpu: header.cpu)
    waitingCount += 1
    if waitingCount == Sample.waitingMax { addWaiting() }
  }

  /// Places the waiting events. Each needs memory that is mostly not in the caches; all of it is
  /// prefetched before the first use, so that the delays overlap.
  private mutating func addWaiting() {
    var nodes = InlineArray<32, UInt32>(repeating: 0)
    for index in 0..<waitingCount {
      let sample = waiting[index]
      let thread = recent[RecentThread.slot(sample.pid, sample.tid)]
      let owner = UInt32(truncatingIfNeeded: thread.origin &+ 1)
      nodes[index] = places.approach(UInt64(sample.stack.rawValue), owner)
    }
    for index in 0..<waitingCount {
      approached &+= tree.approach(Place(rawValue: nodes[index]).node)
    }
    for index in 0..<waitingCount { add(waiting[index]) }
    waitingCount = 0
  }

  private mutating func add(_ sample: Sample) {
    let thread = recent[RecentThread.slot(sample.pid, sample.tid)]
    let origin = thread.holds(sample) ? Int(thread.origin) : origin(of: sample)
    guard origins[origin].isAdmitted else { return }
    let metric = StackMetric(count: 1, weight: sample.weight)
    metrics[origin] &+= metric
    note(sample)
    guard sample.stack != .none else {
      totals.withoutStack &+= metric
      count(metric, sample, at: origins[origin].node)
      return
    }
    let place = place(of: sample, origin)
    if place.isCut { totals.cut &+= metric }
    count(metric, sample, at: place.node)
  }

  @inline(__always)
  private mutating func count(_ metric: StackMetric, _ sample: Sample, at node: StackTree.Node) {
    tree.add(metric, at: node)
    guard keepsSamples else { return }
    samples.append(
      TimedSample(
        time: sample.time, weight: sample.weight, node: UInt32(truncatingIfNeeded: node),
        cpu: sample.cpu))
  }

  private mutating func note(_ sample: Sample) {
    // Events come in time order, except from a file too large to sort.
    let (time, weight) = (sample.time, sample.weight)
    if let times = totals.times {
      if !times.contains(time) {
        totals.times = min(times.lowerBound, time)...max(times.upperBound, time)
      }
    } else {
      totals.times = time...time
    }
    if weight == latestWeight.weight {
      latestWeight.count += 1
    } else {
      weights.add(latestWeight.count, of: latestWeight.weight)
      latestWeight = (weight, 1)
    }
  }

  // MARK: Processes

  /// Returns the origin of an event whose thread was not met recently.
  private mutating func origin(of sample: Sample) -> Int {
    let origin = findOrigin(of: sample)
    if origins[origin].isAdmitted {
      threads.insert(UInt64(sample.pid) << 32 | UInt64(sample.tid))
    }
    let validity = origins[origin].process.validity
    recent[RecentThread.slot(sample.pid, sample.tid)] = RecentThread(
      pid: sample.pid, tid: sample.tid, origin: Int32(truncatingIfNeeded: origin),
      from: validity.lowerBound, until: validity.upperBound)
    return origin
  }

  private mutating func findOrigin(of sample: Sample) -> Int {
    let tid = separatesThreads ? sample.tid : 0
    let thread = UInt64(sample.pid) << 32 | UInt64(tid)
    if let known = latestOrigins[thread], origins[known].process.validity.contains(sample.time) {
      return known
    }
    let process = resolver.process(sample.pid, at: sample.time)
    let number = processNumbers[process.life] ?? UInt32(processNumbers.count + 1)
    processNumbers[process.life] = number
    let key = OriginKey(process: number, tid: tid)
    let index = originIndexes[key] ?? makeOrigin(process, key, at: sample.time)
    origins[index].process.validity = process.validity
    latestOrigins[thread] = index
    return index
  }

  private mutating func makeOrigin(
    _ process: ResolvedProcess, _ key: OriginKey, at time: Int64
  ) -> Int {
    let isAdmitted = admits?(process) ?? true
    var node = StackTree.root
    if isAdmitted {
      let known = tree.count
      node = tree.child(of: node, frames.id(of: StackFrame(process)))
      if tree.count > known { begins.append(ProcessBegin(node: node, time: time)) }
      if separatesThreads {
        let name = resolver.threadName(key.tid, of: process)
        node = tree.child(of: node, frames.id(of: StackFrame(thread: key.tid, name)))
      }
    }
    origins.append(
      Origin(
        process: process, number: key.process, tid: key.tid, node: node, isAdmitted: isAdmitted))
    metrics.append(StackMetric())
    originIndexes[key] = origins.count - 1
    return origins.count - 1
  }

  // MARK: Stacks

  /// Finds or creates a stack's node, below that of its innermost frame that already has one.
  private mutating func place(of sample: Sample, _ origin: Int) -> Place {
    let time = sample.time
    let owner = UInt32(truncatingIfNeeded: origin + 1)
    if let known = places.entry(UInt64(sample.stack.rawValue), owner, at: time) {
      return Place(rawValue: known.pointee.value)
    }
    var found = Place(node: origins[origin].node)
    var validity = origins[origin].process.validity
    var called: UInt64?
    path.removeAll(keepingCapacity: true)
    let file = file
    file.forEachFrame(of: sample.stack) { id, address in
      let isCaller = StackAddress.isCaller(address, inner: called)
      var key: UInt64 = 0
      if called == nil || id.rawValue & 3 == 0 {
        key = UInt64(id.rawValue) | (isCaller ? 1 << 32 : 0)
        if called != nil, let place = places.entry(key, owner, at: time) {
          found = Place(rawValue: place.pointee.value)
          validity = place.pointee.from...place.pointee.until
          return false
        }
      }
      called = address
      path.append(Step(address: address, key: key, isCaller: isCaller))
      return true
    }
    // The answers lie apart in memory, too: all are prefetched before the first use.
    for step in path {
      let key = addressKey(step.address, origin, isCaller: step.isCaller)
      approached &+= UInt64(addresses.approach(step.address, key).frame)
    }
    for position in path.indices.reversed() {
      let step = path[position]
      let (answer, holds) = answer(step.address, origin, time, isCaller: step.isCaller)
      found.node = callee(of: found.node, FrameID(rawValue: answer.frame))
      for frame in answer.inlinedStart..<answer.inlinedEnd {
        found.node = callee(of: found.node, frames.inlined[Int(frame)])
      }
      if step.address == StackNode.lostAddress { found.isCut = true }
      validity = validity.common(holds)
      if step.key != 0 {
        places.insert(found.rawValue, step.key, owner, holding: validity)
      }
    }
    return found
  }

  /// Returns the node of `frame` called by `node`. Processes and threads are no functions, so no
  /// frame equals theirs.
  @inline(__always)
  private mutating func callee(of node: StackTree.Node, _ frame: FrameID) -> StackTree.Node {
    foldsRecursion && tree.frames[node] == frame ? node : tree.child(of: node, frame)
  }

  /// Returns the second part of an address's key in ``addresses``. Kernel addresses are the same in
  /// all processes.
  @inline(__always)
  private func addressKey(_ address: UInt64, _ origin: Int, isCaller: Bool) -> UInt32 {
    let process = StackAddress.isKernel(address) ? 0 : origins[origin].number
    return process &<< 1 &+ (isCaller ? 2 : 1)
  }

  @inline(__always)
  private mutating func answer(
    _ address: UInt64, _ origin: Int, _ time: Int64, isCaller: Bool
  ) -> (Answer, ClosedRange<Int64>) {
    let key = addressKey(address, origin, isCaller: isCaller)
    if let known = addresses.entry(address, key, at: time) {
      return (known.pointee.value, known.pointee.from...known.pointee.until)
    }
    return ask(address, origin, time, isCaller: isCaller, key)
  }

  private mutating func ask(
    _ address: UInt64, _ origin: Int, _ time: Int64, isCaller: Bool, _ key: UInt32
  ) -> (Answer, ClosedRange<Int64>) {
    let found = resolver.frame(
      address, of: origins[origin].process, at: time, isCaller: isCaller, in: &frames)
    let answer = Answer(
      frame: found.frame.rawValue, inlinedStart: found.inlined.lowerBound,
      inlinedEnd: found.inlined.upperBound)
    addresses.insert(answer, address, key, holding: found.validity)
    return (answer, found.validity)
  }

  // MARK: Totals

  /// Returns the collected data and leaves the collector empty.
  mutating func take() -> StackCollection {
    addWaiting()
    var collection = StackCollection()
    collection.totals = finishedTotals()
    swap(&collection.tree, &tree)
    swap(&collection.frames, &frames)
    swap(&collection.threads, &threads)
    swap(&collection.begins, &begins)
    swap(&collection.samples, &samples)
    weights.add(latestWeight.count, of: latestWeight.weight)
    swap(&collection.weights, &weights)
    collection.settle()
    return collection
  }

  private func finishedTotals() -> StackTotals {
    var totals = totals
    var processes: [UInt32: StackTotals.Process] = [:]
    for (origin, metric) in zip(origins, metrics) where metric.count > 0 {
      totals.metric &+= metric
      processes[origin.number, default: StackTotals.Process(process: origin.process)]
        .metric &+= metric
    }
    totals.processes = Array(processes.values)
    for node in 1..<max(tree.count, 1) where frames[tree.frames[node]].kind == .unresolved {
      totals.unresolved &+= tree.exclusive[node]
    }
    return totals
  }
}
