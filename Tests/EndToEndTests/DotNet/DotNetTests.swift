import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Real .NET runtimes: what a trace has is what the program counted itself.
  @Suite(.serialized, .needs(DotNetProgram.requirement)) struct DotNetTests {
    /// What the tests count in a trace.
    struct Counts {
      var collections = [0, 0, 0]
      var exceptions = 0
      var allocated: UInt64 = 0
      /// The largest sum between two allocation events.
      var tick: UInt64 = 0
      /// The kinds of heaps that had an allocation event.
      var heapKinds: Set<GCAllocationKind> = []
      /// The bytes of the heaps of large and of pinned objects at the last collection.
      var otherHeaps: [GCAllocationKind: UInt64] = [:]
      var lost: UInt64 = 0
      var events: [String: Int] = [:]
      /// The tiers of each method in the order of its compilations.
      var tiers: [String: [MethodTier]] = [:]

      init(_ path: String) throws {
        let file = try TraceFile(path: path)
        let replay = Replay(file)
        var counts = self
        replay.on(GCStart.self) { event, _ in
          for generation in 0...2 where event.depth >= generation {
            counts.collections[generation] += 1
          }
        }
        replay.on(ExceptionThrown.self) { _, _ in counts.exceptions += 1 }
        replay.on(GCAllocationTick.self) { event, _ in
          counts.allocated += event.allocationAmount
          counts.tick = max(counts.tick, event.allocationAmount)
          counts.heapKinds.insert(event.allocationKind)
        }
        replay.on(GCHeapStats.self) { event, _ in
          counts.otherHeaps = [.large: event.generationSize3, .pinned: event.generationSize4]
        }
        replay.on(MethodLoad.self) { event, header in
          guard !header.flags.contains(.rundown) else { return }
          counts.tiers[event.namespace + "." + event.name, default: []]
            .append(event.tier)
        }
        replay.onAny(fields: .none) { event in
          let schema = file.eventTypes[event.typeIndex].schema
          counts.events[schema.provider + "/" + schema.name, default: 0] += 1
        }
        replay.onLoss { counts.lost += $0.count }
        try replay.run()
        self = counts
      }

      /// What the program had allocated on heaps with a tick, since their last ticks. The runtime
      /// counts each kind of heap by itself, so a kind with less than a tick's bytes has no event.
      func sinceLastTick(_ end: DotNetProgram.Numbers) -> Int {
        let without = otherHeaps.filter { !heapKinds.contains($0.key) }.values.reduce(0, +)
        return end["allocated"] - Int(without) - Int(allocated)
      }

      /// Expects what the program counted at its end.
      func expect(_ end: DotNetProgram.Numbers) {
        for generation in 0...2 {
          #expect(collections[generation] == end["gen\(generation)"], "gen\(generation)")
        }
        #expect(exceptions == end["exceptions"])
        #expect(lost == 0)
      }

      /// Expects what the program counted after it was told to go on, when the session ran. The
      /// start of a session can itself cause a collection, before or after the first event.
      func expect(_ output: String) throws {
        let (begin, go, end) = (
          try DotNetProgram.Numbers(output, "begin"), try DotNetProgram.Numbers(output, "go"),
          try DotNetProgram.Numbers(output, "end")
        )
        for generation in 0...2 {
          let name = "gen\(generation)"
          let range = (end[name] - go[name])...(end[name] - begin[name])
          #expect(range.contains(collections[generation]), "\(name) \(range)")
        }
        #expect(exceptions == end["exceptions"] - go["exceptions"])
        #expect(lost == 0)
      }
    }

    /// Runs `tracectl collect` with the program as its command; returns what both printed.
    private func collect(
      _ providers: String, _ command: [String], in scratch: Scratch, file: String = "t.etl"
    ) throws -> String {
      let child = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", providers, "-o", scratch.path(file), "--"]
          + command, in: scratch)
      try child.succeed()
      return child.output
    }

    private func start(
      _ parts: String, in scratch: Scratch, version: DotNetProgram.Version = .eight
    ) throws -> ChildProcess {
      try DotNetProgram.start(parts, in: scratch, version: version)
    }

    private func touch(_ path: String) { DotNetProgram.touch(path) }

    // MARK: A command

    @Test(arguments: [DotNetProgram.Version.eight, .three])
    func commandFromItsFirstEvent(version: DotNetProgram.Version) throws {
      let scratch = try Scratch()
      // Version 3.1 does not wait for a session, which finds it after a moment.
      let parts = version == .eight ? "gc+throw" : "compute+gc+throw"
      let output = try collect(
        "GC,Exception", DotNetProgram.command(parts, version: version), in: scratch)
      let counts = try Counts(scratch.path("t.etl"))
      let numbers = try DotNetProgram.Numbers(output, "end")
      guard version == .eight else {
        return #expect(counts.collections[0] <= numbers["gen0"] && counts.collections[0] > 0)
      }
      counts.expect(numbers)
      #expect(counts.exceptions >= 200)
      #expect(counts.sinceLastTick(numbers).magnitude <= counts.tick, "\(counts) \(numbers)")
    }

    /// The ticks are within one of what the program has allocated, wherever it ends between two.
    @Test func allocationsWithinOneTick() throws {
      let scratch = try Scratch()
      var rests: [Int] = []
      // A tick comes after about 100 KB.
      for count in stride(from: 4000, to: 4104, by: 13) {
        let output = try collect(
          "GC", DotNetProgram.command("allocate\(count)+collect"), in: scratch)
        let counts = try Counts(scratch.path("t.etl"))
        let numbers = try DotNetProgram.Numbers(output, "end")
        #expect(counts.otherHeaps.count == 2 && counts.heapKinds == [.small])
        let rest = counts.sinceLastTick(numbers)
        #expect(rest.magnitude <= counts.tick, "\(counts) \(numbers)")
        rests.append(rest)
      }
      // It rises with what is allocated, and falls with a tick.
      #expect(zip(rests, rests.dropFirst()).contains { $1 > $0 + 10_000 }, "\(rests)")
      #expect(zip(rests, rests.dropFirst()).contains { $1 < $0 - 50_000 }, "\(rests)")
    }

    @Test(.needs(.kernelSamples)) func samplesAreNamed() throws {
      let scratch = try Scratch()
      _ = try collect("CPU", DotNetProgram.command("compute"), in: scratch)
      let report = try ChildProcess(
        Tools.tracectl, ["stacks", scratch.path("t.etl"), "-process", "dotnet"], in: scratch)
      try report.succeed()
      for name in ["HotSquareRoots", "HotRemainders"] {
        #expect(report.output.contains(name), "\(report.output)")
      }
      // Only names were asked for.
      let events = try Counts(scratch.path("t.etl")).events
      #expect(events["Runtime/MethodLoad", default: 0] > 100)
      #expect(events["Runtime/GCStart"] == nil && events["Runtime/MethodJittingStarted"] == nil)
    }

    @Test func methodsAreCompiledAgainInOrder() throws {
      let scratch = try Scratch()
      _ = try collect("JIT", DotNetProgram.command("compute"), in: scratch)
      let tiers = try Counts(scratch.path("t.etl")).tiers
      let small = tiers["Subject.Small"] ?? []
      #expect(small.first == .quickJitted, "\(small)")
      #expect(small.last == .optimizedTier1, "\(small)")
    }

    // MARK: A running process

    @Test(arguments: [DotNetProgram.Version.eight, .three])
    func runningProcess(version: DotNetProgram.Version) throws {
      let scratch = try Scratch()
      let program = try start("gc+throw+order", in: scratch, version: version)
      let sessions = try ["a.etl", "b.etl"].map { file in
        try collectProcess(program, "GC,Exception,Demo-Shop:0x1:4,CPU", to: file, in: scratch)
      }
      touch(scratch.path("go"))
      try waitUntil("the program is done: \(program.output)") { program.output.contains("end") }
      for session in sessions { try session.interrupt() }
      touch(scratch.path("stop"))
      try program.succeed()
      for file in ["a.etl", "b.etl"] {
        let counts = try Counts(scratch.path(file))
        try counts.expect(program.output)
        #expect(counts.events["Demo-Shop/OrderPlaced"] == 100)
        #expect(counts.events["Demo-Shop/StockRead"] == nil)
        // Compiled before the session, and known from the rundown.
        let report = try ChildProcess(
          Tools.tracectl, ["stacks", scratch.path(file)], in: scratch)
        try report.succeed()
        #expect(report.output.contains("Subject"), "\(report.output)")
      }
    }

    private func collectProcess(
      _ program: ChildProcess, _ providers: String, to file: String, in scratch: Scratch
    ) throws -> ChildProcess {
      try scratch.collect(providers, to: file, "-p", "\(program.pid)")
    }

    @Test func killedProcess() throws {
      let scratch = try Scratch()
      let program = try start("long", in: scratch)
      let session = try collectProcess(program, "GC,Exception", to: "t.etl", in: scratch)
      touch(scratch.path("go"))
      try scratch.waitForEvents(in: "t.etl")
      program.kill()
      try session.succeed(seconds: 30)
      #expect(try Counts(scratch.path("t.etl")).exceptions > 0)
      #expect(session.output.contains("has no end"), "\(session.output)")
    }

    @Test func killedCollection() throws {
      let scratch = try Scratch()
      let program = try start("gc+throw", in: scratch)
      let session = try collectProcess(program, "GC,Exception", to: "t.etl", in: scratch)
      session.kill()
      touch(scratch.path("go"))
      touch(scratch.path("stop"))
      try program.succeed(seconds: 30)
    }

    /// A program that the command leaves, and that starts a .NET program after the session's end.
    @Test func programLeftByCommand() throws {
      let scratch = try Scratch()
      let run = try DotNetProgram.command("order").joined(separator: " ")
      let (go, out) = (scratch.path("go"), scratch.path("out"))
      _ = try collect(
        "GC",
        [
          "sh", "-c",
          "(while ! [ -e \(go) ]; do sleep 0.1; done; \(run)) >\(out) 2>&1 </dev/null & exit 0",
        ], in: scratch)
      touch(go)
      try waitUntil("the program ends", seconds: 30) {
        (try? readText(out))?.contains("end gen0") ?? false
      }
      // What serves it ends, too, and removes its socket.
      try waitUntil("the socket is removed", seconds: 30) {
        !Scratch.names(in: scratch.runtimeDirectory).contains { $0.hasPrefix("dotnet-") }
      }
    }

    /// The program is as fast as ever while the collection is stopped, and its events are counted.
    @Test func stoppedCollection() throws {
      let scratch = try Scratch()
      let program = try start("gc+throw", in: scratch)
      let session = try collectProcess(program, "GC,Exception", to: "t.etl", in: scratch)
      session.send(SIGSTOP)
      touch(scratch.path("go"))
      try waitUntil("the program is done: \(program.output)", seconds: 60) {
        program.output.contains("end")
      }
      session.send(SIGCONT)
      try session.interrupt()
      touch(scratch.path("stop"))
      try program.succeed()
    }

    @Test func listed() throws {
      let scratch = try Scratch()
      let program = try start("order", in: scratch)
      let list = try ChildProcess(
        Tools.tracectl, ["providers", "-p", "\(program.pid)"], in: scratch)
      try list.succeed()
      #expect(list.output.contains("Microsoft-Windows-DotNETRuntime  in dotnet (\(program.pid): "))
      #expect(list.output.contains(".NET 8.0.4, Subject"), "\(list.output)")
    }

    // MARK: Files

    /// The runtime's own file of the same run has the same events.
    @Test func fileOfTheSameRun() throws {
      let scratch = try Scratch()
      let providers = "Microsoft-Windows-DotNETRuntime:0x8011:5"
      _ = try collect(
        providers,
        [
          "env", "DOTNET_EnableEventPipe=1", "DOTNET_EventPipeConfig=\(providers)",
          "DOTNET_EventPipeOutputPath=\(scratch.path("a.nettrace"))",
        ] + DotNetProgram.command("gc+throw+compute"), in: scratch)
      let convert = try ChildProcess(
        Tools.tracectl,
        ["import", scratch.path("a.nettrace"), "-o", scratch.path("a.etl")], in: scratch)
      try convert.succeed()
      let (live, file) = (
        try Counts(scratch.path("t.etl")), try Counts(scratch.path("a.etl"))
      )
      #expect(live.collections == file.collections && live.collections[0] > 0)
      #expect(live.exceptions == file.exceptions && live.exceptions >= 200)
      #expect(live.allocated == file.allocated)
      for (name, count) in live.events where name != "Runtime/MethodLoad" {
        // The two sessions end one after the other, while the runtime still compiles.
        let slack = name.contains("/Method") ? 3 : 0
        #expect(abs(count - file.events[name, default: 0]) <= slack, "\(name)")
      }
    }

    /// The runtime's perf map and its jitdump file have the methods of its events.
    @Test func codeFilesOfTheSameRun() throws {
      let scratch = try Scratch()
      let output = try collect(
        "JIT",
        [
          "env", "DOTNET_PerfMapEnabled=1", "DOTNET_PerfMapJitDumpPath=\(scratch.path("run"))",
        ] + DotNetProgram.command("compute"), in: scratch)
      let file = try TraceFile(path: scratch.path("t.etl"))
      let names = Scratch.names(in: scratch.path("run"))
      let dump = try #require(names.first { $0.hasSuffix(".dump") }, "\(names) \(output)")
      let map = dump.replacing("jit-", with: "perf-").replacing(".dump", with: ".map")
      let files = try [
        CodeFiles.perfMap(scratch.path("run/" + map)),
        CodeFiles.jitdump(scratch.path("run/" + dump)),
      ]
      var compiled = 0
      let replay = Replay(file)
      replay.on(MethodLoad.self) { event, header in
        guard event.flags.rawValue & 0x8 != 0, !header.flags.contains(.rundown) else { return }
        compiled += 1
        for methods in files {
          let found = methods[event.startAddress] ?? []
          #expect(
            found.contains { $0.size == UInt64(event.size) && $0.name.contains(event.name) },
            "\(event.namespace).\(event.name) \(found)")
        }
      }
      try replay.run()
      #expect(compiled > 20)
    }
  }
}
