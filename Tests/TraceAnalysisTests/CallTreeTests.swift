import TestSupport
import Testing

@testable import TraceAnalysis

@Suite(.randomized) struct CallTreeTests {
  static let names = ["main", "fib", "lib!a", "lib!b", "gc"]

  @Test func sumsAreThoseOfTheStacksOneByOne() {
    var random = SeededGenerator(1)
    for _ in 0..<200 {
      let model = StackModel.random(&random, names: Self.names)
      var frames = FrameTable()
      let tree = model.tree(&frames)
      #expect(StackModel.stacks(of: tree, frames) == model.merged)
      let calls = CallTree(tree)
      #expect(calls.total == model.total)
      for node in 1..<max(tree.count, 1) {
        let path = tree.path(to: node).map { frames[$0].name }
        #expect(calls.inclusive[node] == model.inclusive(ofPath: path))
      }
      for entry in calls.byName(frameCount: frames.count) {
        let name = frames[entry.frame].name
        #expect(entry.inclusive == model.inclusive(of: name))
        #expect(entry.exclusive == model.exclusive(of: name))
      }
    }
  }

  @Test func childrenComeLargestFirstAndOnce() {
    var random = SeededGenerator(2)
    for _ in 0..<50 {
      let model = StackModel.random(&random, names: Self.names)
      var frames = FrameTable()
      let calls = CallTree(model.tree(&frames))
      var seen: Set<Int> = []
      for node in 0..<calls.tree.count {
        let children = calls.children(of: node) { $0.weight }
        let weights = children.map { calls.inclusive[$0].weight }
        #expect(weights == weights.sorted(by: >))
        for child in children {
          #expect(Int(calls.tree.parents[child]) == node)
          #expect(seen.insert(child).inserted)
        }
      }
      let counted = (1..<max(calls.tree.count, 1)).filter { calls.inclusive[$0].count > 0 }
      #expect(seen == Set(counted))
    }
  }

  @Test func aFunctionThatCallsItselfCountsOnceAStack() {
    let model = StackModel(
      stacks: [
        .init(frames: ["main", "fib", "fib", "fib"], metric: StackMetric(count: 1, weight: 10)),
        .init(
          frames: ["main", "fib", "add", "fib", "add"], metric: StackMetric(count: 1, weight: 5)),
      ])
    var frames = FrameTable()
    let entries = CallTree(model.tree(&frames)).byName(frameCount: frames.count)
    let fib = entries.first { frames[$0.frame].name == "fib" }
    #expect(fib?.inclusive == StackMetric(count: 2, weight: 15))
    #expect(fib?.exclusive == StackMetric(count: 1, weight: 10))
  }

  @Test func callersAndCalleesAddUpToTheFunction() {
    var random = SeededGenerator(3)
    for _ in 0..<100 {
      let model = StackModel.random(&random, names: Self.names)
      var frames = FrameTable()
      let tree = model.tree(&frames)
      let fib = frames.id(of: StackFrame(.function, function: "fib"))
      let through = model.stacks.compactMap { stack in
        stack.frames.firstIndex(of: "fib").map { (stack, $0) }
      }
      let callees = StackModel(
        stacks: through.map { stack, index in
          .init(frames: Array(stack.frames[index...]), metric: stack.metric)
        })
      #expect(StackModel.stacks(of: tree.callees(of: [fib]), frames) == callees.merged)
      let callers = StackModel(
        stacks: through.map { stack, index in
          .init(frames: stack.frames[...index].reversed(), metric: stack.metric)
        })
      #expect(StackModel.stacks(of: tree.callers(of: [fib]), frames) == callers.merged)
    }
  }

  @Test func tooManyStacksAreCutAndNothingIsLost() {
    var tree = StackTree(nodeLimit: 10)
    for number in 0..<100 {
      var node = StackTree.root
      for depth in 0..<5 {
        node = tree.child(of: node, FrameID(rawValue: UInt32(number * 5 + depth)))
      }
      tree.add(StackMetric(count: 1, weight: 2), at: node)
    }
    #expect(tree.isCut)
    #expect(tree.count == 10)
    #expect(CallTree(tree).total == StackMetric(count: 100, weight: 200))
  }

  /// A merge appends the nodes that only one part has without a look-up; later look-ups find them,
  /// those with siblings, too.
  @Test func aMergedTreeHasEachStackOnce() {
    func add(_ processes: [UInt32], to tree: inout StackTree) {
      for process in processes {
        for path in 0..<256 {
          var node = tree.child(of: StackTree.root, FrameID(rawValue: process))
          for depth in 0..<4 {
            node = tree.child(of: node, FrameID(rawValue: UInt32(10 + path >> (2 * depth) & 3)))
          }
          tree.add(StackMetric(count: 1, weight: UInt64(path) + 1), at: node)
        }
      }
    }
    func sums(_ tree: StackTree) -> [[FrameID]: StackMetric] {
      var sums: [[FrameID]: StackMetric] = [:]
      for node in 0..<tree.count {
        // Two nodes with the same path would be a stack with two places.
        #expect(sums.updateValue(tree.exclusive[node], forKey: tree.path(to: node)) == nil)
      }
      return sums
    }
    // Both parts have process 0, and each has one of its own.
    var (one, other, expected) = (StackTree(), StackTree(), StackTree())
    add([0, 1], to: &one)
    add([0, 2], to: &other)
    add([0, 1, 0, 2], to: &expected)
    var merged = StackTree()
    for part in [one, other] { merged.add(part) { $0 } }
    #expect(sums(merged) == sums(expected))
    let count = merged.count
    add([2, 1, 0], to: &merged)
    add([2, 1, 0], to: &expected)
    #expect(merged.count == count)
    #expect(sums(merged) == sums(expected))
  }

  @Test func aDeepStackIsNoTrouble() {
    var tree = StackTree()
    var node = StackTree.root
    for depth in 0..<100_000 { node = tree.child(of: node, FrameID(rawValue: UInt32(depth % 3))) }
    tree.add(StackMetric(count: 1, weight: 1), at: node)
    let entries = CallTree(tree).byName(frameCount: 3)
    #expect(entries.map(\.inclusive.count) == [1, 1, 1])
  }
}
