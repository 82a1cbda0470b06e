import Foundation
import TestSupport
import Testing
import TraceControl
import TraceEvents
import TraceFormat

@testable import TraceSession

/// Samples that processes take of themselves, in signal handlers.
@Suite(.needs(.kernelSignalHandlers)) struct ThreadSamplingTests {
  let place = TemporaryDirectory()
  var runtime: String { "\(place.path)/meet" }
  var output: String { "\(place.path)/trace.etl" }

  func start() throws -> Session {
    var configuration = SessionConfiguration(providers: [], outputPath: output)
    configuration.bufferBytesPerCPU = 1 << 20
    let session = Session(configuration, places: [.init(path: runtime, kind: .user)])
    try session.start()
    return session
  }

  struct Samples {
    var stacks: [[UInt64]] = []
    var tids: Set<UInt32> = []
    var weight_ns: UInt64 = 0
  }

  func read(pid: Int32) throws -> Samples {
    let file = try TraceFile(path: output)
    var samples = Samples()
    let replay = Replay(file)
    replay.on(SampledProfile.self) { sample, header in
      #expect(header.pid == UInt32(pid))
      #expect(sample.source == .threadTimer)
      samples.stacks.append(file.stack(header.stack))
      samples.tids.insert(header.tid)
      samples.weight_ns += sample.weight
    }
    try replay.run()
    return samples
  }

  /// A process without an enabled provider, two of whose threads work.
  @Test(arguments: [false, true]) func stacksOfEveryThread(connectsFirst: Bool) throws {
    let session = try start()
    if !connectsFirst { session.sampleThreads(interval_ns: 1_000_000) }
    let storm = try StormProcess(
      ["--events", "100000000000", "--threads", "2"], runtimeDirectory: runtime)
    defer { storm.kill() }
    if connectsFirst {
      try waitUntil { !session.processes.isEmpty }
      session.sampleThreads(interval_ns: 1_000_000)
    }
    try waitUntil { session.statistics.events >= 200 }
    let code = Self.executableRanges(pid: storm.pid)
    #expect(session.stop().lostInAll == 0)
    #expect(session.processes.flatMap(\.problems) == [])
    #expect(storm.isRunning)
    let samples = try read(pid: storm.pid)
    #expect(samples.stacks.count >= 200)
    #expect(samples.tids.count == 2)
    // One per millisecond, or fewer with a higher weight.
    #expect(samples.weight_ns >= UInt64(samples.stacks.count) * 1_000_000)
    func isCode(_ address: UInt64) -> Bool { code.contains { $0.contains(address) } }
    #expect(samples.stacks.allSatisfy { isCode($0[0]) })
    // The others are in libraries that use the frame pointer for something else.
    let whole = samples.stacks.count { $0.count > 2 && $0.allSatisfy(isCode) }
    #expect(whole * 2 >= samples.stacks.count)
  }

  @Test func itEndsAndAForkedChildStartsOver() throws {
    let session = try start()
    session.sampleThreads(interval_ns: 1_000_000)
    let storm = try StormProcess(
      ["--events", "500000", "--fork", "--rate", "1000000"], runtimeDirectory: runtime)
    try storm.waitUntilExit()
    #expect(session.stop().lostInAll == 0)
    #expect(session.statistics.processesSeen == 2)
    let pids = Set(try TraceFile(path: output).processes.map(\.pid))
    #expect(pids.count == 2)
  }

  static func executableRanges(pid: Int32) -> [ClosedRange<UInt64>] {
    WholeFile.text("/proc/\(pid)/maps").split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 2)
      guard fields.count > 1, fields[1].contains("x") else { return nil }
      let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      return ends.count == 2 ? ends[0]...ends[1] : nil
    }
  }
}
