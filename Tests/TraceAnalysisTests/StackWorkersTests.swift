import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// Several cores yield the same result as one.
@Suite(.randomized) struct StackWorkersTests {
  let directory = TemporaryDirectory()

  /// Samples of programs with short-lived methods at the same addresses.
  private func bytes(pids: ClosedRange<UInt32>, seed: UInt64) throws -> [UInt8] {
    var random = SeededGenerator(seed)
    let path = directory.path + "/workers.etl"
    var trace = try SampledTrace(path: path)
    for pid in pids {
      trace.add(ProcessStart(parentPID: 1, name: "p\(pid)"), at: 0, pid: pid, isRundown: true)
    }
    for number in 0..<3000 as Range<UInt64> {
      let pid = UInt32.random(in: pids, using: &random)
      if number % 7 == 0 {
        let method = UInt64.random(in: 1...200, using: &random)
        trace.add(
          MethodLoad(
            methodID: number, startAddress: method << 8, size: 256, tier: .optimized,
            namespace: "n", name: "f\(number / 2)", signature: ""),
          at: number * 1000, pid: pid)
      }
      let stack = (0..<Int.random(in: 0...9, using: &random)).map { _ in
        UInt64.random(in: 256...52_000, using: &random)
      }
      trace.sample(
        at: number * 1000 + 500, pid: pid, tid: pid + UInt32(number % 3), stack: stack,
        weight: number % 5 == 0 ? 1 : 2)
      if number % 100 == 99 { try trace.writer.flush() }
    }
    try trace.finish()
    return WholeFile.bytes(path)
  }

  private struct Found {
    /// Nodes, callers before callees, children in order of their numbers.
    var nodes: [String] = []
    var totals: StackTotals
    var damage: [Damage]
  }

  private func found(
    _ bytes: [UInt8], threads: Bool,
    _ collect: (TraceFile, StackSelection, SymbolizerFrames) throws -> StackCollection
  ) throws -> Found {
    let file = try TraceFile(bytes: bytes)
    let symbolizer = Symbolizer(file)
    try symbolizer.prepare()
    var selection = StackSelection.samples
    selection.separatesThreads = threads
    let collection = try collect(file, selection, SymbolizerFrames(symbolizer))
    var found = Found(totals: collection.totals, damage: file.damage)
    let tree = collection.tree
    var children = [[Int]](repeating: [], count: tree.count)
    for node in 1..<tree.count { children[Int(tree.parents[node])].append(node) }
    func visit(_ node: Int, depth: Int) {
      for child in children[node] {
        let name = collection.frames[tree.frames[child]].name
        found.nodes.append("\(depth) \(name) \(tree.exclusive[child])")
        visit(child, depth: depth + 1)
      }
    }
    visit(StackTree.root, depth: 0)
    return found
  }

  private func expectTheSame(_ bytes: [UInt8], threads: Bool = false) throws {
    let one = try found(bytes, threads: threads) { file, selection, frames in
      let pass = StackCollecting(file, selection, frames)
      try file.run(pass)
      return pass.finish()
    }
    let several = try found(bytes, threads: threads) {
      try #require(try StackWorkers.collect($0, $1, $2, cores: 3, eventsMin: 300))
    }
    #expect(one.nodes.count > 1000)
    #expect(several.nodes.count == one.nodes.count)
    let difference = zip(one.nodes, several.nodes).first { $0 != $1 }
    #expect(difference == nil)
    #expect(several.totals == one.totals)
    #expect(several.damage == one.damage)
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func processesAreSharedOut(seed: UInt64) throws {
    try expectTheSame(try bytes(pids: 1...9, seed: seed), threads: seed == 2)
  }

  @Test(arguments: [4, 5, 6] as [UInt64]) func timeIsSharedOut(seed: UInt64) throws {
    try expectTheSame(try bytes(pids: 7...7, seed: seed), threads: seed == 5)
  }

  @Test func damageIsListedOnce() throws {
    let bytes = try bytes(pids: 1...4, seed: 7)
    for part in [2, 5, 8] {
      var damaged = bytes
      damaged[bytes.count * part / 10] ^= 0x55
      try expectTheSame(damaged)
    }
  }

  @Test func oneThreadDoesItWhereSeveralAreOfNoUse() throws {
    let file = try TraceFile(bytes: try bytes(pids: 1...4, seed: 8))
    let names = StackCollectionTests.Names()
    #expect(try StackWorkers.collect(file, .samples, names, cores: 4, eventsMin: 300) == nil)
    let symbolizer = Symbolizer(file)
    try symbolizer.prepare()
    let frames = SymbolizerFrames(symbolizer)
    #expect(try StackWorkers.collect(file, .samples, frames, cores: 1, eventsMin: 300) == nil)
    #expect(try StackWorkers.collect(file, .samples, frames, cores: 4, eventsMin: 3000) == nil)
  }

  @Test func ownersHaveAboutTheSame() {
    let fair = ProcessOwners([1: 500, 2: 300, 3: 200], 2)
    let owned = fair.map { owners in
      (0..<2).map { worker in (1...3).filter { owners.share(of: worker).contains($0) } }
    }
    #expect(owned == [[1], [2, 3]])
    #expect(ProcessOwners([1: 900, 2: 100], 2) == nil)
    #expect(ProcessOwners([:], 2) == nil)
    // A process that did not occur before has an owner, too.
    #expect(fair.map { owners in (0..<2).count { owners.share(of: $0).contains(77) } } == 1)
  }
}
