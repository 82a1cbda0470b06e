import TestSupport
import Testing
import TraceControl
import TraceEvents
import TraceFormat

@testable import TraceSession

@Suite struct SessionTests {
  let place = TemporaryDirectory()
  var runtime: String { "\(place.path)/meet" }
  var output: String { "\(place.path)/trace.etl" }

  func make(_ providers: String, _ change: (inout SessionConfiguration) -> Void = { _ in })
    throws -> Session
  {
    var configuration = SessionConfiguration(
      providers: try ProviderSpec.parse(providers), outputPath: output)
    configuration.bufferBytesPerCPU = 1 << 20
    configuration.mode = .block
    change(&configuration)
    return Session(configuration, places: [.init(path: runtime, kind: .user)])
  }

  func start(_ providers: String, _ change: (inout SessionConfiguration) -> Void = { _ in })
    throws -> Session
  {
    let session = try make(providers, change)
    try session.start()
    return session
  }

  func counts() throws -> [String: UInt64] {
    let file = try TraceFile(path: output)
    return Dictionary(
      file.eventTypes.map { ($0.schema.name, $0.count) }, uniquingKeysWith: +)
  }

  @Test func aProcessIsTracedFromItsFirstEvent() throws {
    let session = try start("Storm")
    let storm = try StormProcess(["--events", "20000"], runtimeDirectory: runtime)
    try storm.waitUntilExit()
    let statistics = session.stop()
    #expect(statistics.lostInAll == 0)
    #expect(statistics.events == 20_000)
    #expect(try counts()["Counter"] == 20_000)
    #expect(session.processes.map(\.problems) == [[]])
    #expect(session.processes.first?.isRunning == false)
    let process = try #require(try TraceFile(path: output).processes.first)
    #expect(process.pid == UInt32(storm.pid))
    #expect(process.executable.hasSuffix("/event-storm"))
    #expect(process.endTicks != nil)
  }
}
