import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Whatever listens on a diagnostics socket, a collection ends in time and says what was wrong.
  @Suite(.needs(.program("python3"))) struct FakeRuntimeTests {
    private static let recording =
      #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
      + "/TraceImportTests/Files/arraytypes.nettrace.zip"

    /// Collects from a fake runtime for a moment; returns the messages.
    private func collect(
      _ mode: String, in scratch: Scratch, seconds: Double = 30
    ) throws -> (output: String, runtime: ChildProcess) {
      let runtime = try FakeRuntime.listening(mode, in: scratch, Self.recording)
      let collection = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "GC,TestEventSource0:*", "-p", "\(runtime.pid)", "-duration",
          "500ms", "-o",
          scratch.path("t.etl"),
        ], in: scratch)
      try collection.succeed(seconds: seconds)
      #expect(!runtime.hasEnded)
      return (collection.output, runtime)
    }

    @Test(arguments: [
      ("silent", "does not answer as one does"), ("garbage", "does not answer as one does"),
      ("refuse", "refuses to be traced: error 0x80131384"),
      ("nonsense", "has no header of a .nettrace file"),
      ("huge", "is damaged at byte"), ("cut", "is cut"), ("unending", "did not end its events"),
      ("quiet", "did not end its events"),
    ])
    func isReported(mode: String, sentence: String) throws {
      let scratch = try Scratch()
      let (output, _) = try collect(mode, in: scratch)
      #expect(output.contains(sentence), "\(output)")
      _ = try TraceFile(path: scratch.path("t.etl"))
    }

    /// A whole recording, sent over the socket, is what its import is.
    @Test func streamBecomesWhatItsFileDoes() throws {
      let scratch = try Scratch()
      let (output, runtime) = try collect("whole", in: scratch)
      #expect(!output.contains("is cut") && !output.contains("damaged"), "\(output)")
      let file = try TraceFile(path: scratch.path("t.etl"))
      var counts: [String: Int] = [:]
      let replay = Replay(file)
      replay.onAny { event in
        let schema = file.eventTypes[event.typeIndex].schema
        counts[schema.provider + "/" + schema.name, default: 0] += 1
        let pid = event.header.pid
        #expect(pid == UInt32(runtime.pid))
      }
      try replay.run()
      // The runtime's rundown is not asked for.
      let expected = Dictionary(
        uniqueKeysWithValues: (1...3).map { ("TestEventSource0/TestEvent\($0)", 1) })
      #expect(counts == expected)
    }

    @Test func anotherProcessesSocketIsNotUsed() throws {
      let scratch = try Scratch()
      let victim = try ChildProcess("sleep", ["60"], in: scratch)
      let impostor = try FakeRuntime.listening("impostor", in: scratch, "\(victim.pid)")
      var environment = scratch.environment
      environment["TMPDIR"] = scratch.path("run")
      let collection = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "GC", "-duration", "1s", "-o", scratch.path("t.etl"),
        ], environment: environment, isMerged: true)
      try collection.succeed()
      #expect(!impostor.output.contains("command"), "\(impostor.output)")
    }

    @Test func strangersDelayNoCommand() throws {
      let output = try collectCommand("stranger")
      #expect(output.contains("were not those of .NET runtimes"), "\(output)")
    }

    @Test func waitingRuntimeGoesOnIfItCannotBeTraced() throws {
      let output = try collectCommand("reverse")
      #expect(output.contains("resumed"), "\(output)")
      #expect(output.contains("refuses to be traced"), "\(output)")
    }

    /// Collects a command that behaves in this way; returns what both printed.
    private func collectCommand(_ behavior: String) throws -> String {
      let scratch = try Scratch()
      let script = try FakeRuntime.write(in: scratch)
      let collection = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "GC", "-o", scratch.path("t.etl"), "--", "python3", script,
          behavior,
        ], in: scratch)
      try collection.succeed(seconds: 20)
      return collection.output
    }
  }
}
