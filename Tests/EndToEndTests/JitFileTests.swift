import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Code that runtimes announce through files has names.
  @Suite struct JitFileTests {
    static let repository =
      #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// User frames of CPU samples in compiled code, and the results for them.
    struct Frames {
      /// Names, followed by the tier.
      var names: [String: Int] = [:]
      var named = 0
      var unnamed = 0

      var share: Double { Double(named) / Double(max(1, named + unnamed)) }
    }

    static let hasTrampoline = Requirement.succeeds(
      "python3", "-c", "import sys; sys.exit(not hasattr(sys, 'activate_stack_trampoline'))")

    func collect(_ command: [String], in scratch: Scratch) throws -> (TraceFile, String) {
      let trace = scratch.path("trace.etl")
      let collection = try ChildProcess(
        Tools.tracectl, ["collect", "-providers", "CPU", "-o", trace, "--"] + command, in: scratch)
      try collection.succeed()
      return (try TraceFile(path: trace), collection.output)
    }

    func frames(_ file: TraceFile) throws -> Frames {
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      var frames = Frames()
      let memory = try codeMemory(file)
      let replay = Replay(file)
      replay.on(SampledProfile.self) { _, header in
        for (depth, address) in file.stack(header.stack).enumerated() where address >> 63 == 0 {
          switch symbolizer.resolve(
            pid: header.pid, address: address, at: header.timestamp, isCaller: depth > 0)
          {
          case .symbol(let id, _, _):
            let symbol = symbolizer.symbol(id)
            guard symbol.source == .jitdump || symbol.source == .perfMap else { continue }
            frames.named += 1
            frames.names["\(symbol.name) (\(symbol.tierName))", default: 0] += 1
          case .unresolved:
            // Addresses reached from a library without frame pointers are not counted.
            if memory.contains(where: { $0.contains(address) }) { frames.unnamed += 1 }
          }
        }
      }
      try replay.run()
      return frames
    }

    /// The memory that may have compiled code: executable memory without an image.
    func codeMemory(_ file: TraceFile) throws -> [Range<UInt64>] {
      var ranges: [Range<UInt64>] = []
      let replay = Replay(file)
      replay.on(ImageMap.self) { map, _ in
        guard map.path == "//anon" || map.path.hasPrefix("/memfd:") else { return }
        ranges.append(map.baseAddress..<map.baseAddress + map.size)
      }
      try replay.run()
      return ranges
    }

    func files(_ file: TraceFile) throws -> [CodeFile] {
      var files: [CodeFile] = []
      let replay = Replay(file)
      replay.on(CodeFile.self) { event, _ in files.append(event) }
      try replay.run()
      return files
    }

    // MARK: Node

    @Test(
      .needs(.kernelSamples, .program("node")), arguments: ["--perf-prof", "--perf-basic-prof"])
    func nodesFunctionsHaveTheirNamesAndTiers(option: String) throws {
      let scratch = try Scratch()
      // Node writes jit-PID.dump, and a log, into its current directory.
      let (file, output) = try collect(
        [
          "env", "-C", scratch.path("run"), "node", option, "--interpreted-frames-native-stack",
          Self.repository + "/Benchmarks/Runtimes/workloads/work.js", "2",
        ], in: scratch)
      let told = try files(file)
      for map in told where map.source == .perfMap { unlink(map.path) }
      #expect(told.count == 1, "\(told); \(output)")
      #expect(told.first?.source == (option == "--perf-prof" ? .jitdump : .perfMap))
      let frames = try frames(file)
      #expect(frames.named >= 500, "\(frames)")
      #expect(frames.share >= 0.98, "\(frames.unnamed) of \(frames.named)")
      for function in ["fannkuch", "collatz", "mandelbrot"] {
        let isNamed = frames.names.keys.contains {
          $0.hasPrefix(function + " ") && $0.contains("work.js") && $0.hasSuffix("(turbofan)")
        }
        #expect(isNamed, "\(function): \(frames.names.keys.sorted())")
      }
    }

    // MARK: CPython

    @Test(.needs(.kernelSamples, Requirement("CPython 3.12") { hasTrampoline }))
    func pythonsFunctionsHaveTheirNames() throws {
      let scratch = try Scratch()
      let (file, _) = try collect(
        [
          "python3", "-X", "perf", Self.repository + "/Benchmarks/Runtimes/workloads/work.py", "2",
        ], in: scratch)
      for map in try files(file) where map.source == .perfMap { unlink(map.path) }
      let frames = try frames(file)
      #expect(frames.names.keys.contains { $0.contains("work.py") }, "\(frames.names)")
    }

    // MARK: minivm

    @Test(.needs(.kernelSamples))
    func whatAJitdumpSaysOfCodeThatComesAndGoesIsRight() throws {
      let scratch = try Scratch()
      let oracle = scratch.path("oracle")
      let (file, output) = try collect(
        [
          Tools.miniVM, "--churn", "--announce", "never", "--jitdump", "--jitdump-dir",
          scratch.path("run"), "--oracle", oracle, AttributionTests.programs + "churn.mini", "6",
          "600",
        ], in: scratch)
      #expect(try files(file).map(\.source) == [.jitdump], "\(output)")
      let verdict = try AttributionTests().judge(file, try Oracle(path: oracle))
      #expect(verdict.right >= 100)
      #expect(verdict.wrong.isEmpty, "of \(verdict.right): \(verdict.wrong.prefix(5))")
      #expect(verdict.unnamed.isEmpty, "of \(verdict.right): \(verdict.unnamed.prefix(5))")
    }

    @Test func filesAreReadWhereOnlyEventsHaveStacks() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let collection = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "GC", "-stacks", "GC", "-o", trace, "--", Tools.miniVM,
          "--announce", "never", "--perfmap", "--jitdump", "--jitdump-dir", scratch.path("run"),
          AttributionTests.programs + "n-body.mini", "400000",
        ], in: scratch)
      try collection.succeed()
      let told = try files(try TraceFile(path: trace))
      for map in told where map.source == .perfMap { unlink(map.path) }
      #expect(Set(told.map(\.source)) == [.jitdump, .perfMap], "\(collection.output)")
      #expect(told.allSatisfy { $0.entries > 3 && $0.problems.isEmpty }, "\(told)")
    }

    /// Events' stacks have names without CPU samples: in the program's images, and in its compiled
    /// code.
    @Test func stacksOfEventsHaveNames() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let collection = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "GC,JIT,Symbol", "-stacks", "GC", "-o", trace, "--",
          Tools.miniVM, AttributionTests.programs + "binary-trees.mini", "10",
        ], in: scratch)
      try collection.succeed()
      let file = try TraceFile(path: trace)
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      var frames: [SymbolSource?: Int] = [:]
      let replay = Replay(file)
      replay.on(GCStart.self) { _, header in
        for (depth, address) in file.stack(header.stack).enumerated() {
          let found = symbolizer.resolve(
            pid: header.pid, address: address, at: header.timestamp, isCaller: depth > 0)
          frames[found.symbolID.map { symbolizer.symbol($0).source }, default: 0] += 1
        }
      }
      try replay.run()
      #expect(frames[.image, default: 0] >= 3, "\(frames)")
      #expect(frames[.provider, default: 0] >= 1, "\(frames)")
      let unnamed = frames[nil, default: 0]
      #expect(unnamed * 20 <= frames.values.reduce(0, +), "\(frames)")
    }

    @Test(
      .needs(.kernelSamples),
      arguments: [("n-body", "200000"), ("fannkuch", "9")])
    func aPerfMapNamesCodeThatStays(program: String, argument: String) throws {
      let scratch = try Scratch()
      let (file, output) = try collect(
        [
          Tools.miniVM, "--announce", "never", "--perfmap",
          AttributionTests.programs + program + ".mini", argument,
        ], in: scratch)
      let told = try files(file)
      for map in told { unlink(map.path) }
      #expect(told.map(\.source) == [.perfMap], "\(output)")
      let frames = try frames(file)
      #expect(frames.named >= 20, "\(frames)")
      #expect(frames.share >= 0.98, "\(frames)")
    }
  }
}
