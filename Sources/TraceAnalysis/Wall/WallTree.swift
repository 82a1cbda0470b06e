internal import TraceEvents
internal import TraceFormat

/// The call tree of wall-clock time: below each thread its running, runnable and blocked time.
struct WallTree {
  /// Sums over the threads, and the number of their CPU samples.
  var wall = WallTime()
  var tree: StackTree
  var stacks: WaitStacks
  private var resolver: SymbolizerFrames
  private(set) var times: ClosedRange<Int64>?
  /// The processes by their node.
  private(set) var processes: [StackTree.Node: ResolvedProcess] = [:]
  private var states: [String: FrameID] = [:]
  private let file: TraceFile

  /// - Parameters:
  ///   - samples: CPU samples, threads apart.
  ///   - resolver: that of the samples.
  init(_ samples: StackCollection, _ resolver: SymbolizerFrames, _ file: TraceFile) {
    tree = samples.tree
    self.resolver = resolver
    self.file = file
    stacks = WaitStacks(NamedStacks(resolver, file, samples.frames, limit: .max))
  }

  // MARK: Threads

  /// Adds the time of all threads of a closed book.
  mutating func add(_ book: ThreadBook) {
    let places = book.tracks.map { place(of: $0) }
    var running: [StackTree.Node: UInt64] = [:]
    for (track, place) in zip(book.tracks, places) {
      running[place.node, default: 0] &+= track.times.running_ns
      wall.times.add(track.times)
      note(track, book.selection)
    }
    distribute(running)
    var blocked = book.tracks.map(\.times.blocked_ns)
    var runnable = book.tracks.map(\.times.runnable_ns)
    for wait in book.tally.waits {
      let number = Int(wait.key.track)
      add(wait, at: places[number], waits: ThreadState(rawValue: wait.key.state))
      blocked[number] &-= wait.total
    }
    for delay in book.tally.delays {
      let number = Int(delay.key.track)
      add(delay, at: places[number], waits: nil)
      runnable[number] &-= delay.total
    }
    for (number, track) in book.tracks.enumerated() {
      let node = places[number].node
      // What has no place: beyond the limits, or runnable without a wait before.
      add(Self.blocked(.unknown), blocked[number], to: node)
      add(Self.runnable, runnable[number], to: node)
      add(Self.unknown, track.times.unknown_ns, to: node)
    }
  }

  /// The node of a thread, and the thread's process.
  private struct Place {
    var node: StackTree.Node
    var process: ResolvedProcess
  }

  private mutating func place(of track: ThreadTrack) -> Place {
    let pid = file.process(index: track.processIndex)?.pid ?? 0
    let process = resolver.process(pid, at: track.firstEvent)
    let top = tree.child(of: StackTree.root, stacks.stacks.table.id(of: StackFrame(process)))
    processes[top] = processes[top] ?? process
    let name = resolver.threadName(track.tid, of: process)
    let frame = stacks.stacks.table.id(of: StackFrame(thread: track.tid, name))
    return Place(node: tree.child(of: top, frame), process: process)
  }

  private mutating func note(_ track: ThreadTrack, _ selection: ClosedRange<Int64>?) {
    guard track.times.life_ns > 0 else { return }
    let all = selection ?? .min ... .max
    let from = max(track.from, all.lowerBound)
    let to = max(from, min(track.until ?? track.since, all.upperBound))
    let known = times ?? from...to
    times = min(known.lowerBound, from)...max(known.upperBound, to)
  }

  // MARK: Places

  static let running = "[running]"
  static let runnable = "[runnable]"
  static let unknown = "[unknown]"

  static func blocked(_ reason: WaitReason) -> String { "[blocked: \(reason.rawValue)]" }

  /// Adds waits in a state, or for nil runnable time, at the place of their stack.
  private mutating func add(_ record: WaitRecord, at place: Place, waits state: ThreadState?) {
    let named = stacks.named(
      record.key.stack, state ?? .unknown, of: place.process, at: record.time)
    var node = place.node
    for frame in named.frames.reversed() { node = tree.child(of: node, frame) }
    let name = state == nil ? Self.runnable : Self.blocked(named.reason)
    tree.add(StackMetric(count: record.count, weight: record.total), at: child(of: node, name))
  }

  /// Adds time in a state at a node.
  mutating func add(_ state: String, _ time: UInt64, to node: StackTree.Node) {
    guard time > 0 else { return }
    tree.add(StackMetric(count: 1, weight: time), at: child(of: node, state))
  }

  private mutating func child(of node: StackTree.Node, _ state: String) -> StackTree.Node {
    let frame = states[state] ?? stacks.stacks.table.id(of: StackFrame(.state, function: state))
    states[state] = frame
    return tree.child(of: node, frame)
  }
}
