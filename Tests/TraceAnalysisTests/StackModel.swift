import TraceAnalysis

/// A model of call trees that processes stacks individually, without optimization.
struct StackModel {
  struct Stack: Equatable {
    /// Frames, outermost first.
    var frames: [String]
    var metric: StackMetric
  }

  var stacks: [Stack]

  static func random(_ random: inout some RandomNumberGenerator, names: [String]) -> StackModel {
    let stacks = (0..<Int.random(in: 0...60, using: &random)).map { _ in
      Stack(
        frames: (0..<Int.random(in: 0...9, using: &random)).map { _ in
          names.randomElement(using: &random)!
        },
        metric: StackMetric(
          count: 1, weight: UInt64.random(in: 0...1_000_000, using: &random)))
    }
    return StackModel(stacks: stacks)
  }

  func tree(_ frames: inout FrameTable) -> StackTree {
    var tree = StackTree()
    for stack in stacks {
      var node = StackTree.root
      for name in stack.frames {
        node = tree.child(of: node, frames.id(of: StackFrame(.function, function: name)))
      }
      tree.add(stack.metric, at: node)
    }
    return tree
  }

  /// The stacks of a tree, added up by path, in order of path.
  static func stacks(of tree: StackTree, _ frames: FrameTable) -> [Stack] {
    let found = (0..<tree.count).filter { tree.exclusive[$0].count > 0 }.map { node in
      Stack(
        frames: tree.path(to: node).map { frames[$0].name }, metric: tree.exclusive[node])
    }
    return found.sorted { $0.frames.lexicographicallyPrecedes($1.frames) }
  }

  /// The same for the model's stacks.
  var merged: [Stack] {
    var sums: [[String]: StackMetric] = [:]
    for stack in stacks { sums[stack.frames, default: StackMetric()] &+= stack.metric }
    return sums.map { Stack(frames: $0.key, metric: $0.value) }
      .sorted { $0.frames.lexicographicallyPrecedes($1.frames) }
  }

  var total: StackMetric { stacks.reduce(into: StackMetric()) { $0 &+= $1.metric } }

  func inclusive(of name: String) -> StackMetric {
    stacks.filter { $0.frames.contains(name) }.reduce(into: StackMetric()) { $0 &+= $1.metric }
  }

  func exclusive(of name: String) -> StackMetric {
    stacks.filter { $0.frames.last == name }.reduce(into: StackMetric()) { $0 &+= $1.metric }
  }

  func inclusive(ofPath path: [String]) -> StackMetric {
    stacks.filter { $0.frames.starts(with: path) }
      .reduce(into: StackMetric()) { $0 &+= $1.metric }
  }

  /// The result of applying `shape` to each stack individually.
  func shaped(
    group: (String) -> (name: String, number: Int?) = { ($0, nil) },
    folds: (String) -> Bool = { _ in false }, include: [(String) -> Bool] = [],
    excludes: (String) -> Bool = { _ in false }, foldsRecursion: Bool = false
  ) -> StackModel {
    StackModel(
      stacks: stacks.compactMap { stack in
        var result: [(name: String, number: Int?)] = []
        for frame in stack.frames.map(group) {
          if excludes(frame.name) { return nil }
          if let last = result.last {
            let isSameGroup = frame.number != nil && frame.number == last.number
            if isSameGroup || folds(frame.name) || (foldsRecursion && last.name == frame.name) {
              continue
            }
          }
          result.append(frame)
        }
        let names = result.map(\.name)
        guard include.allSatisfy({ names.contains(where: $0) }) else { return nil }
        return Stack(frames: names, metric: stack.metric)
      })
  }
}
