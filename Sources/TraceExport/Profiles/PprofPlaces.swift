internal import TraceAnalysis

/// The locations of a call tree's nodes: a node of a function has one, together with the nodes of
/// the calls inlined there.
struct PprofPlaces {
  private let parents: [UInt32]
  private let frames: [FrameID]
  /// The location that begins at each node, from the inside, and the node of its caller.
  private var locations: [UInt32]
  private var callers: [UInt32]
  private var group: [FrameID] = []
  /// Whether a frame is part of a stack, by number: no process and no thread.
  private let areFunctions: [Bool]
  private let areInlined: [Bool]

  init(_ profile: StackProfile) {
    parents = profile.stacks.calls.tree.parents
    frames = profile.stacks.calls.tree.frames
    areFunctions = profile.stacks.frames.frames.map { $0.kind != .process && $0.kind != .thread }
    areInlined = profile.stacks.frames.frames.map(\.isInlined)
    let count = profile.stacks.calls.tree.count
    locations = [UInt32](repeating: 0, count: count)
    callers = [UInt32](repeating: 0, count: count)
  }

  /// Writes the locations from a node to its thread, innermost first, to `path`. Returns the
  /// thread's node.
  mutating func makePath(
    from node: StackTree.Node, _ tables: inout PprofTables, _ path: inout [UInt64]
  ) -> StackTree.Node {
    var place = node
    path.removeAll(keepingCapacity: true)
    while isFunction(place) {
      path.append(location(at: place, &tables))
      place = Int(callers[place])
    }
    return place
  }

  private func isFunction(_ node: StackTree.Node) -> Bool {
    node != StackTree.root && areFunctions[Int(frames[node].rawValue)]
  }

  /// Returns the location whose innermost frame is the node's, and notes the node of its caller.
  private mutating func location(at node: StackTree.Node, _ tables: inout PprofTables) -> UInt64 {
    if locations[node] != 0 { return UInt64(locations[node]) }
    var place = node
    group.removeAll(keepingCapacity: true)
    repeat {
      let frame = frames[place]
      group.append(frame)
      place = Int(parents[place])
      if !areInlined[Int(frame.rawValue)] { break }
    } while isFunction(place)
    let number = tables.location(group)
    locations[node] = UInt32(truncatingIfNeeded: number)
    callers[node] = UInt32(place)
    return number
  }
}
