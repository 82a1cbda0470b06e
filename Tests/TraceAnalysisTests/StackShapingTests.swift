import TestSupport
import Testing

@testable import TraceAnalysis

@Suite(.randomized) struct StackShapingTests {
  static let names = ["main", "fib", "lib!a", "lib!b", "gc!mark", "gc!sweep"]

  static func shape(
    _ model: StackModel, _ configure: (inout StackShaping) throws -> Void
  ) rethrows -> [StackModel.Stack] {
    var frames = FrameTable()
    let tree = model.tree(&frames)
    var shaping = StackShaping()
    try configure(&shaping)
    let shaped = shaping.shape(tree, &frames)
    return StackModel.stacks(of: shaped, frames)
  }

  static func stack(_ frames: String..., count: UInt64 = 1) -> StackModel.Stack {
    StackModel.Stack(frames: frames, metric: StackMetric(count: count, weight: count))
  }

  @Test func everyCombinationIsWhatEachStackByItselfGives() throws {
    var random = SeededGenerator(7)
    for round in 0..<300 {
      let model = StackModel.random(&random, names: Self.names)
      let hasGroups = round % 2 == 0
      let isEntry = round % 4 == 0
      let folds = round % 3 == 0
      let foldsRecursion = round % 5 == 0
      let included = [["lib"], ["fib", "gc"], []][round % 3]
      let excludes = round % 7 == 0
      let found = try Self.shape(model) { shaping in
        if hasGroups { shaping.groups = [try FrameGroup("{%}!\(isEntry ? "=>" : "->")module $1")] }
        if folds { shaping.fold = [try FramePattern("main|lib!a")] }
        shaping.include = try included.map { try FramePattern($0) }
        if excludes { shaping.exclude = [try FramePattern("sweep")] }
        shaping.foldsRecursion = foldsRecursion
      }
      let expected = model.shaped(
        group: { name in
          guard hasGroups, let bang = name.firstIndex(of: "!") else { return (name, nil) }
          let group = "module " + name[..<bang]
          return (isEntry ? "\(group) <<\(name)>>" : group, group.hashValue)
        },
        folds: { folds && ($0.contains("main") || $0.contains("lib!a")) },
        include: included.map { word in { $0.contains(word) } },
        excludes: { excludes && $0.contains("sweep") }, foldsRecursion: foldsRecursion)
      #expect(found == expected.merged, "round \(round)")
    }
  }

  @Test func aGroupThatCallsItselfIsOneFrame() throws {
    let model = StackModel(stacks: [
      Self.stack("main", "lib!a", "lib!b", "gc!mark", "lib!a"), Self.stack("main", "lib!b"),
    ])
    let grouped = try Self.shape(model) { $0.groups = [try FrameGroup("{%}!->module $1")] }
    #expect(
      grouped == [
        Self.stack("main", "module lib"),
        Self.stack("main", "module lib", "module gc", "module lib"),
      ])
    let entries = try Self.shape(model) { $0.groups = [try FrameGroup("^lib!=>lib")] }
    #expect(
      entries == [
        Self.stack("main", "lib <<lib!a>>", "gc!mark", "lib <<lib!a>>"),
        Self.stack("main", "lib <<lib!b>>"),
      ])
  }

  @Test func groupsWorkOnWhatThoseBeforeMade() throws {
    let model = StackModel(stacks: [Self.stack("main", "lib!a", "gc!mark", "gc!sweep")])
    let found = try Self.shape(model) {
      $0.groups = [
        try FrameGroup("sweep->"), try FrameGroup("{%}!->module $1"),
        try FrameGroup("module->part"),
      ]
    }
    #expect(found == [Self.stack("main", "part", "gc!sweep")])
  }

  @Test func whatIsFoldedCountsForItsCaller() throws {
    let model = StackModel(stacks: [
      Self.stack("main", "lib!a", "lib!b"), Self.stack("main", "lib!a"), Self.stack("lib!a"),
    ])
    let found = try Self.shape(model) { $0.fold = [try FramePattern("lib!")] }
    // A root has no caller, so it is kept.
    #expect(found == [Self.stack("lib!a"), Self.stack("main", count: 2)])
  }

  @Test func includeWantsEveryPatternAndSeesWhatIsLeft() throws {
    let model = StackModel(stacks: [
      Self.stack("main", "fib"), Self.stack("main", "lib!a"), Self.stack("main", "fib", "lib!a"),
    ])
    let both = try Self.shape(model) {
      $0.include = [try FramePattern("fib"), try FramePattern("lib")]
    }
    #expect(both == [Self.stack("main", "fib", "lib!a")])
    let either = try Self.shape(model) { $0.include = [try FramePattern("fib|lib")] }
    #expect(either.count == 3)
    let folded = try Self.shape(model) {
      $0.include = [try FramePattern("lib")]
      $0.fold = [try FramePattern("lib")]
    }
    #expect(folded == [])
    let excluded = try Self.shape(model) { $0.exclude = [try FramePattern("lib")] }
    #expect(excluded == [Self.stack("main", "fib")])
  }

  /// Without patterns, recursion is folded by a separate implementation: its nodes are the same as
  /// with a pattern that matches nothing, and children can still be looked up in the tree.
  @Test func foldingRecursionAloneIsAsWithAPatternThatFitsNothing() throws {
    var random = SeededGenerator(11)
    var folded = 0
    for _ in 0..<300 {
      let model = StackModel.random(&random, names: Array(Self.names.prefix(3)))
      var frames = FrameTable()
      let tree = model.tree(&frames)
      var shaping = StackShaping()
      shaping.foldsRecursion = true
      var alone = shaping.shape(tree, &frames)
      shaping.exclude = [try FramePattern("no such frame")]
      let general = shaping.shape(tree, &frames)
      #expect(alone.parents == general.parents)
      #expect(alone.frames == general.frames)
      #expect(alone.exclusive == general.exclusive)
      if alone.count < tree.count { folded += 1 }
      let count = alone.count
      for node in 1..<max(count, 1) {
        #expect(alone.child(of: Int(alone.parents[node]), alone.frames[node]) == node)
      }
      #expect(alone.count == count)
    }
    #expect(folded > 100)
  }
}
