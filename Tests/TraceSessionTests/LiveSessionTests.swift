import Glibc
import TestSupport
import Testing
import TraceControl
import TraceEvents
import TraceFormat

@testable import TraceSession

/// Readers of a running session, with a file and without one.
@Suite struct LiveSessionTests {
  let place = TemporaryDirectory()
  var runtime: String { "\(place.path)/meet" }
  var output: String { "\(place.path)/trace.etl" }

  func start(_ change: (inout SessionConfiguration) -> Void = { _ in }) throws -> Session {
    var configuration = SessionConfiguration(providers: try ProviderSpec.parse("Storm"))
    configuration.bufferBytesPerCPU = 1 << 20
    configuration.mode = .block
    change(&configuration)
    let session = Session(configuration, places: [.init(path: runtime, kind: .user)])
    try session.start()
    return session
  }

  func run(_ count: Int) throws -> UInt32 {
    let storm = try StormProcess(
      ["--events", "\(count)", "--payload", "mixed"], runtimeDirectory: runtime)
    try storm.waitUntilExit()
    return UInt32(storm.pid)
  }

  @Test(arguments: [false, true]) func liveEventsAreThoseOfTheSession(hasFile: Bool) throws {
    let session = try start { if hasFile { $0.outputPath = output } }
    let live = try session.liveTrace()
    let pid = try run(3000)
    session.stop()
    var sequences: [UInt64] = []
    live.replay.onAny { event in
      #expect(event.header.pid == pid)
      sequences.append(event.word(0))
    }
    try live.run()
    #expect(sequences.count == 3000)
    #expect(Set(sequences).count == 3000)
    #expect(live.file.damage.isEmpty)
    #expect(session.statistics.liveEventsDropped == 0)
  }

  @Test(arguments: [false, true]) func aSessionIsJoinedLate(hasFile: Bool) throws {
    let session = try start { if hasFile { $0.outputPath = output } }
    let first = try run(2000)
    let live = try session.liveTrace()
    let second = try run(1000)
    session.stop()
    var counts: [UInt32: Int] = [:]
    live.replay.onAny { event in counts[event.header.pid, default: 0] += 1 }
    try live.run()
    #expect(counts[second] == 1000)
    // Events drained before the reader joined are not delivered.
    #expect(counts[first, default: 0] < 2000 || !hasFile)
    #expect(Set(live.file.processes.map(\.pid)).isSuperset(of: [first, second]))
    #expect(live.file.damage.isEmpty)
  }

  @Test func aSessionThatCannotWriteAnyMoreSaysSo() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let session = try start {
      $0.outputDescriptor = ends[1]
      $0.outputPath = "pipe"
      $0.flushInterval = .milliseconds(10)
    }
    defer { session.stop() }
    let live = try session.liveTrace()
    close(ends[0])
    #expect {
      try live.run()
    } throws: { error in
      guard case LiveTraceError.sessionFailed(let reason) = error else { return false }
      return "\(error)".contains("\(reason)")
    }
  }

  @Test func onlyASessionThatRunsIsJoined() throws {
    let session = try start()
    session.stop()
    #expect(throws: LiveTraceError.notRunning) { try session.liveTrace() }
  }
}
