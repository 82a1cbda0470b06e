/// Selects stacks and combines their frames by PerfView's group, fold, include and exclude
/// patterns.
///
/// Groups are applied first, each to the result of the previous one; the other patterns are matched
/// against the groups' names. A stack is shown if none of its frames matches an exclude pattern
/// and, after folding, every include pattern matches one of the remaining frames (`|` separates
/// alternatives within a pattern).
public struct StackShaping: Sendable {
  /// Limited because each pattern needs a bit.
  public static let includePatternsMax = 64

  public var groups: [FrameGroup] = []
  /// Frames that are removed; their metrics count for their caller.
  public var fold: [FramePattern] = []
  public var include: [FramePattern] = []
  public var exclude: [FramePattern] = []
  /// Whether recursive calls of a function are merged into one node. Recursive groups always are.
  public var foldsRecursion = false

  public init() {}

  private var hasPatterns: Bool {
    !groups.isEmpty || !fold.isEmpty || !include.isEmpty || !exclude.isEmpty
  }

  /// Returns the tree after applying the patterns.
  ///
  /// - Cost: each pattern is matched once per frame of `frames`; then one lookup per node.
  public func shape(_ tree: StackTree, _ frames: inout FrameTable) -> StackTree {
    guard hasPatterns else { return foldsRecursion ? tree.foldingRecursion() : tree }
    let verdicts = verdicts(&frames)
    var result = StackTree(nodeLimit: max(tree.count, 1))
    var nodes = [Int](repeating: Self.discarded, count: tree.count)
    nodes[StackTree.root] = StackTree.root
    // For each node of the result: its group, and the include patterns matched by it or one of its
    // callers.
    var groups: [Int32] = [-1]
    var included: [UInt64] = [0]
    for node in 1..<max(tree.count, 1) {
      let parent = nodes[Int(tree.parents[node])]
      let verdict = verdicts[Int(tree.frames[node].rawValue)]
      guard parent != Self.discarded, !verdict.isExcluded else { continue }
      let isSameGroup = verdict.group >= 0 && verdict.group == groups[parent]
      let isRecursion =
        foldsRecursion && parent != StackTree.root && result.frames[parent] == verdict.frame
      if isSameGroup || isRecursion || (verdict.isFolded && parent != StackTree.root) {
        nodes[node] = parent
      } else {
        let child = result.child(of: parent, verdict.frame)
        if child == groups.count {
          groups.append(verdict.group)
          included.append(included[parent] | verdict.included)
        }
        nodes[node] = child
      }
    }
    let wanted = include.count >= 64 ? UInt64.max : (1 << UInt64(include.count)) - 1
    for node in 0..<tree.count {
      let target = nodes[node]
      guard target != Self.discarded, included[target] == wanted else { continue }
      result.add(tree.exclusive[node], at: target)
    }
    return result
  }

  private static let discarded = -1

  /// Result of all patterns for one frame.
  private struct Verdict {
    var frame: FrameID
    var group: Int32 = -1
    var isFolded = false
    var isExcluded = false
    var included: UInt64 = 0
  }

  private func verdicts(_ frames: inout FrameTable) -> [Verdict] {
    var groupNumbers: [String: Int32] = [:]
    return (0..<frames.count).map { number in
      let id = FrameID(rawValue: UInt32(number))
      var verdict = Verdict(frame: id)
      var name = frames[id].name
      if let group = group(of: name) {
        verdict.group = groupNumbers[group.name] ?? Int32(groupNumbers.count)
        groupNumbers[group.name] = verdict.group
        name = group.isEntry ? "\(group.name) <<\(name)>>" : group.name
        verdict.frame = frames.id(of: StackFrame(.group, function: name))
      }
      verdict.isExcluded = exclude.contains { $0.matches(name) }
      verdict.isFolded = fold.contains { $0.matches(name) }
      for (bit, pattern) in include.prefix(Self.includePatternsMax).enumerated()
      where pattern.matches(name) {
        verdict.included |= 1 << UInt64(bit)
      }
      return verdict
    }
  }

  /// A group with an empty name removes a frame from all groups. An entry group ends the search.
  private func group(of frame: String) -> (name: String, isEntry: Bool)? {
    var found: (name: String, isEntry: Bool)?
    for group in groups {
      guard let name = group.name(for: found?.name ?? frame) else { continue }
      if name.isEmpty { return nil }
      found = (name, group.isEntry)
      if group.isEntry { break }
    }
    return found
  }
}
