import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

@Suite(.randomized) struct StackCollectionTests {
  let directory = TemporaryDirectory()

  /// Addresses below 0x1000 are functions `f<n>`, of two versions: `old` before `change`.
  struct Names: FrameResolver {
    var change: Int64 = .max
    var lookups = Counter()

    final class Counter { var count = 0 }

    mutating func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess {
      ResolvedProcess(pid: pid, generation: 0, name: "p\(pid)", validity: .always)
    }

    mutating func frame(
      _ address: UInt64, of process: ResolvedProcess, at time: Int64, isCaller: Bool,
      in frames: inout FrameTable
    ) -> ResolvedFrame {
      lookups.count += 1
      if StackAddress.isKernel(address) {
        let frame = StackFrame(.function, module: "[k]", function: "\(address & 0xff)")
        return ResolvedFrame(frames.id(of: frame), validity: .always)
      }
      let version = time < change ? "old" : "new"
      let name = "\(version)\(address - (isCaller ? 1 : 0))"
      return ResolvedFrame(
        frames.id(of: StackFrame(.function, module: "m", function: name)),
        validity: time < change ? Int64.min...(change - 1) : change...Int64.max)
    }
  }

  func trace(_ body: (inout SampledTrace) -> Void) throws -> TraceFile {
    let path = directory.path + "/samples.etl"
    var trace = try SampledTrace(path: path)
    body(&trace)
    try trace.finish()
    return try TraceFile(path: path)
  }

  func lines(_ collection: StackCollection) -> [String] {
    StackModel.stacks(of: collection.tree, collection.frames).map {
      "\($0.frames.joined(separator: ";")) \($0.metric.count)"
    }
  }

  @Test func callersAreLookedUpWhereTheCallIs() throws {
    let file = try trace {
      $0.sample(at: 1000, pid: 7, stack: [10, 20, 30])
      let kernel: UInt64 = 0xffff_ffff_8000_0000
      $0.sample(at: 2000, pid: 7, stack: [kernel + 1, kernel + 2, 10, 20])
    }
    let collection = try StackCollection(file, .samples, Names())
    #expect(
      lines(collection) == [
        "Process p7 (7);m!old19;m!old10;[k]!2;[k]!1 1", "Process p7 (7);m!old29;m!old19;m!old10 1",
      ])
  }

  @Test func recursionMergedWhileReadingIsAsMergedAfterwards() throws {
    var random = SeededGenerator(3)
    let file = try trace {
      for number in 0..<2000 {
        let depth = Int.random(in: 1...12, using: &random)
        let callers = (0..<depth).map { _ in UInt64.random(in: 1...3, using: &random) * 10 + 1 }
        $0.sample(at: UInt64(number + 1) * 1000, pid: UInt32(number % 3 + 7), stack: [10] + callers)
      }
    }
    let whole = try StackCollection(file, .samples, Names())
    var selection = StackSelection.samples
    selection.foldsRecursion = true
    let merged = try StackCollection(file, selection, Names())
    let expected = whole.tree.foldingRecursion()
    #expect(merged.tree.count < whole.tree.count)
    #expect(merged.tree.parents == expected.parents)
    #expect(merged.tree.frames == expected.frames)
    #expect(merged.tree.exclusive == expected.exclusive)
    #expect(merged.totals.metric == whole.totals.metric)
  }

  /// Each function `f` with `g` inside it, and `h` inside that.
  struct InlinedNames: FrameResolver {
    var names = Names()

    mutating func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess {
      names.process(pid, at: time)
    }

    mutating func frame(
      _ address: UInt64, of process: ResolvedProcess, at time: Int64, isCaller: Bool,
      in frames: inout FrameTable
    ) -> ResolvedFrame {
      var found = names.frame(address, of: process, at: time, isCaller: isCaller, in: &frames)
      guard address == 20 else { return found }
      let inner = ["g", "h"].map {
        frames.id(of: StackFrame(.function, function: $0, mark: "inlined", place: "\($0).c:1"))
      }
      found.inlined = frames.keep(inlined: inner)
      return found
    }
  }

  @Test func inlinedCallsStandBelowTheirFunction() throws {
    let file = try trace {
      $0.sample(at: 1000, pid: 7, stack: [10, 20, 30])
      $0.sample(at: 2000, pid: 7, stack: [20, 30])
      $0.sample(at: 3000, pid: 7, stack: [11, 20, 30])
    }
    let collection = try StackCollection(file, .samples, InlinedNames())
    let outer = "Process p7 (7);m!old29;m!old"
    let inlined = ";g (inlined)  g.c:1;h (inlined)  h.c:1"
    #expect(
      Set(lines(collection)) == [
        "\(outer)19\(inlined);m!old10 1", "\(outer)19\(inlined);m!old11 1",
        "\(outer)20\(inlined) 1",
      ])
  }

  @Test func aStackAtTwoTimesIsNamedForEach() throws {
    let file = try trace {
      for time in 1...10 { $0.sample(at: UInt64(time) * 1000, pid: 7, stack: [10, 20]) }
    }
    let names = Names(change: 4000)
    let collection = try StackCollection(file, .samples, names)
    #expect(
      lines(collection) == ["Process p7 (7);m!new19;m!new10 7", "Process p7 (7);m!old19;m!old10 3"])
    // Two addresses in two versions are each looked up once.
    #expect(names.lookups.count == 4)
  }

  @Test func everySampleCountsOnce() throws {
    var random = SeededGenerator(3)
    var expected: [String: UInt64] = [:]
    let file = try trace { trace in
      for number in 0..<3000 {
        let pid = UInt32.random(in: 1...3, using: &random)
        let time = UInt64(number) * 1000
        let stack = (0..<Int.random(in: 0...4, using: &random)).map { _ in
          UInt64.random(in: 2...6, using: &random)
        }
        trace.sample(at: time, pid: pid, stack: stack)
        let version = time < 1_500_000 ? "old" : "new"
        let frames = stack.enumerated().map { index, address in
          "m!\(version)\(address - (index > 0 ? 1 : 0))"
        }
        let line = (["Process p\(pid) (\(pid))"] + frames.reversed()).joined(separator: ";")
        expected[line, default: 0] += 1
      }
    }
    let collection = try StackCollection(file, .samples, Names(change: 1_500_000))
    let difference = Set(lines(collection))
      .symmetricDifference(expected.map { "\($0.key) \($0.value)" })
    #expect(difference == [])
    #expect(collection.totals.metric == StackMetric(count: 3000, weight: 3_000_000_000))
    #expect(collection.totals.processes.map(\.metric.count).reduce(0, +) == 3000)
    #expect(collection.totals.times == 0...2_999_000)
    #expect(collection.totals.usualWeight == 1_000_000)
  }

  @Test func onlyWhatWasAskedFor() throws {
    let file = try trace {
      $0.sample(at: 1000, pid: 1, tid: 11, stack: [10])
      $0.sample(at: 2000, pid: 1, tid: 12, stack: [10], weight: 5)
      $0.sample(at: 3000, pid: 2, stack: [10])
      $0.add(GCEnd(count: 1, depth: 0), at: 4000, pid: 2, stack: [10])
    }
    var threads = StackSelection.samples
    threads.separatesThreads = true
    threads.admits = { $0.pid == 1 }
    #expect(
      lines(try StackCollection(file, threads, Names())) == [
        "Process p1 (1);Thread (11);m!old10 1", "Process p1 (1);Thread (12);m!old10 1",
      ])
    var later = StackSelection.samples
    later.filter.time = 2000...3000
    #expect(try StackCollection(file, later, Names()).totals.metric.weight == 1_000_005)
    var collections = StackSelection()
    collections.filter.admits = { $0.name == "GCEnd" }
    let found = try StackCollection(file, collections, Names())
    #expect(found.totals.metric == StackMetric(count: 1, weight: 1))
  }

  @Test func aProcessHasTheNameOfItsTime() throws {
    let file = try trace {
      $0.process(3, "/usr/bin/a-long-program-name")
      $0.add(ProcessStart(parentPID: 1, name: "a-long-program-"), at: 0, pid: 3, isRundown: true)
      $0.add(ProcessStart(parentPID: 3, name: "sh"), at: 1000, pid: 4)
      $0.sample(at: 1500, pid: 4, stack: [1])
      $0.add(ProcessExec(name: "ls"), at: 2000, pid: 4)
      $0.sample(at: 2500, pid: 4, stack: [1])
    }
    let processes = Processes(file)
    try file.run(processes)
    let names = processes.finish()
    #expect(names.process(3, at: 5).name == "a-long-program-name")
    #expect(names.process(4, at: 500).name == "sh")
    #expect(names.process(4, at: 1999).name == "sh")
    #expect(names.process(4, at: 2000).name == "ls")
    #expect(names.process(4, at: 1500).validity == Int64.min...1999)
    #expect(names.process(5, at: 0).name == "?")
  }
}
