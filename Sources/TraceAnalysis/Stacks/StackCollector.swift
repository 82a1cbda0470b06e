internal import TraceEvents
internal import TraceFormat

/// Puts events' stacks into a tree while they are read, in time order.
struct StackCollector {
  /// Bounds of the caches, which are forgotten when they are full.
  static let leavesMax = 2 << 20
  static let addressesMax = 2 << 20
  /// Different weights that are counted apart.
  static let weightsMax = 64

  private(set) var tree = StackTree()
  private(set) var frames = FrameTable()
  private var totals = StackTotals()
  private let file: TraceFile
  private let admits: ((ResolvedProcess) -> Bool)?
  private let separatesThreads: Bool
  private var resolver: any FrameResolver

  private var origins: [Origin] = []
  /// By pid and generation.
  private var processNumbers: [UInt64: UInt32] = [:]
  private var originIndexes: [OriginKey: Int] = [:]
  /// The latest origin of each thread.
  private var latestOrigins: [UInt64: Int] = [:]
  private var latest = -1
  private var threads: Set<UInt64> = []
  /// By origin and stack: where such an event counts, and how long that is right.
  private var leaves: [UInt64: Leaf] = [:]
  private var addresses: [AddressKey: ResolvedFrame] = [:]
  private var latestThread: (pid: UInt32, tid: UInt32) = (0, 0)
  private var usualWeights: [UInt64: Int] = [:]
  /// The weight of the latest events, and how many in a row had it.
  private var latestWeight: (weight: UInt64, count: Int) = (0, 0)

  /// Whose events share a node of the tree.
  private struct Origin {
    var process: ResolvedProcess
    /// Dense, from 1.
    var number: UInt32
    var tid: UInt32
    var node: StackTree.Node
    var isAdmitted: Bool
    var metric = StackMetric()
  }

  private struct OriginKey: Hashable {
    var process: UInt32
    var tid: UInt32
  }

  private struct Leaf {
    var node: StackTree.Node
    var validity: ClosedRange<Int64>
    /// Outer callers are missing.
    var isCut: Bool
  }

  private struct AddressKey: Hashable {
    var address: UInt64
    /// The process's number, 0 for the kernel's addresses, which are the same in all.
    var process: UInt32
    var isCaller: Bool
  }

  init(_ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver) {
    self.file = file
    self.resolver = resolver
    admits = selection.admits
    separatesThreads = selection.separatesThreads
  }

  mutating func add(_ header: EventHeader, weight: UInt64) {
    let origin = origin(of: header)
    guard origins[origin].isAdmitted else { return }
    let metric = StackMetric(count: 1, weight: weight)
    origins[origin].metric &+= metric
    note(header, weight)
    guard header.stack != .none else {
      totals.withoutStack &+= metric
      tree.add(metric, at: origins[origin].node)
      return
    }
    let key = UInt64(origin) << 32 | UInt64(header.stack.rawValue)
    let leaf: Leaf
    if let known = leaves[key], known.validity.contains(header.timestamp) {
      leaf = known
    } else {
      leaf = place(header, origin)
      if leaves.count >= Self.leavesMax { leaves.removeAll(keepingCapacity: true) }
      leaves[key] = leaf
    }
    if leaf.isCut { totals.cut &+= metric }
    tree.add(metric, at: leaf.node)
  }

  private mutating func note(_ header: EventHeader, _ weight: UInt64) {
    // Events come in time order, but for those of a file that is too large for that.
    let time = header.timestamp
    if let times = totals.times {
      if !times.contains(time) {
        totals.times = min(times.lowerBound, time)...max(times.upperBound, time)
      }
    } else {
      totals.times = time...time
    }
    if header.tid != latestThread.tid || header.pid != latestThread.pid {
      latestThread = (header.pid, header.tid)
      threads.insert(UInt64(header.pid) << 32 | UInt64(header.tid))
    }
    if weight == latestWeight.weight {
      latestWeight.count += 1
    } else {
      if usualWeights.count < Self.weightsMax || usualWeights[latestWeight.weight] != nil {
        usualWeights[latestWeight.weight, default: 0] += latestWeight.count
      }
      latestWeight = (weight, 1)
    }
  }

  // MARK: Processes

  private mutating func origin(of header: EventHeader) -> Int {
    if latest >= 0, origins[latest].process.pid == header.pid,
      !separatesThreads || origins[latest].tid == header.tid,
      origins[latest].process.validity.contains(header.timestamp)
    {
      return latest
    }
    let tid = separatesThreads ? header.tid : 0
    let thread = UInt64(header.pid) << 32 | UInt64(tid)
    if let known = latestOrigins[thread],
      origins[known].process.validity.contains(header.timestamp)
    {
      latest = known
      return known
    }
    let process = resolver.process(header.pid, at: header.timestamp)
    let life = UInt64(process.pid) << 32 | UInt64(process.generation)
    let number = processNumbers[life] ?? UInt32(processNumbers.count + 1)
    processNumbers[life] = number
    let key = OriginKey(process: number, tid: tid)
    let index = originIndexes[key] ?? makeOrigin(process, key)
    origins[index].process.validity = process.validity
    latestOrigins[thread] = index
    latest = index
    return index
  }

  private mutating func makeOrigin(_ process: ResolvedProcess, _ key: OriginKey) -> Int {
    let isAdmitted = admits?(process) ?? true
    var node = StackTree.root
    if isAdmitted {
      let name = "\(process.name) (\(process.pid))"
      node = tree.child(
        of: node, frames.id(of: StackFrame(.process, function: name)))
      if separatesThreads {
        let thread = StackFrame(.thread, function: "(\(key.tid))")
        node = tree.child(of: node, frames.id(of: thread))
      }
    }
    origins.append(
      Origin(
        process: process, number: key.process, tid: key.tid, node: node, isAdmitted: isAdmitted))
    originIndexes[key] = origins.count - 1
    return origins.count - 1
  }

  // MARK: Stacks

  /// Finds or makes a stack's node.
  private mutating func place(_ header: EventHeader, _ origin: Int) -> Leaf {
    let stack = file.stack(header.stack)
    var leaf = Leaf(
      node: origins[origin].node, validity: origins[origin].process.validity,
      isCut: stack.last == StackNode.lostAddress)
    for index in stack.indices.reversed() {
      let address = stack[index]
      let isKernel = address.isKernelAddress
      // Where the kernel was entered, the program's own place is exact.
      let isCaller = index > 0 && stack[index - 1].isKernelAddress == isKernel
      let frame = frame(address, origin, header.timestamp, isCaller: isCaller)
      leaf.node = tree.child(of: leaf.node, frame.frame)
      for place in frame.inlined {
        leaf.node = tree.child(of: leaf.node, frames.inlined[Int(place)])
      }
      leaf.validity = leaf.validity.common(frame.validity)
    }
    return leaf
  }

  private mutating func frame(
    _ address: UInt64, _ origin: Int, _ time: Int64, isCaller: Bool
  ) -> ResolvedFrame {
    let key = AddressKey(
      address: address, process: address.isKernelAddress ? 0 : origins[origin].number,
      isCaller: isCaller)
    if let known = addresses[key], known.validity.contains(time) { return known }
    let found = resolver.frame(
      address, of: origins[origin].process, at: time, isCaller: isCaller, in: &frames)
    if addresses.count >= Self.addressesMax { addresses.removeAll(keepingCapacity: true) }
    addresses[key] = found
    return found
  }

  // MARK: Totals

  func finishedTotals() -> StackTotals {
    var totals = totals
    var processes: [UInt32: StackTotals.Process] = [:]
    for origin in origins where origin.metric.count > 0 {
      totals.metric &+= origin.metric
      processes[origin.number, default: StackTotals.Process(process: origin.process)]
        .metric &+= origin.metric
    }
    totals.processes = processes.values.sorted {
      ($1.metric.weight, $0.process.pid) < ($0.metric.weight, $1.process.pid)
    }
    for node in 1..<max(tree.count, 1) where frames[tree.frames[node]].kind == .unresolved {
      totals.unresolved &+= tree.exclusive[node]
    }
    totals.threadCount = threads.count
    let weights = usualWeights.merging(
      [latestWeight.weight: latestWeight.count], uniquingKeysWith: +)
    totals.usualWeight = weights.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0
    return totals
  }
}

extension UInt64 {
  /// The kernel's half of the address space.
  var isKernelAddress: Bool { self >= 1 << 63 }
}
