import CTraceShims
import Glibc
import Locks
import TestSupport
import Testing
import TraceAnalysis
import TraceControl
import TraceEvents
import TraceFormat
import TraceKernel

@testable import TraceSession

/// The accuracy of converted kernel times: the tolerance in analysis (clockEdgeNanoseconds) must
/// cover the errors.
@Suite struct KernelClockTests {
  static let edge_ns = SymbolizerOptions().clockEdgeNanoseconds

  /// Sorted errors, in nanoseconds.
  struct Errors {
    var all: [Int64]
    var median: Int64 { all[all.count / 2] }
    var mostOf: Int64 { all[all.count * 99 / 100] }
    var max: Int64 { all.last! }

    init(_ errors: [Int64]) { all = errors.map { abs($0) }.sorted() }

    var text: String {
      "\(all.count) times: error p50 \(median) ns, p99 \(mostOf) ns, max \(max) ns"
    }
  }

  /// Linear interpolation between two readings of both clocks is correct.
  @Test(.needs(Requirement("an invariant counter") { trace_ticks_are_invariant() }))
  func theLineBetweenTwoLooks() throws {
    var clock = PerfClock(isMonotonic: false)
    var probes: [ClockSync] = []
    clock.look()
    for _ in 0..<10 {
      for _ in 0..<20 {
        usleep(1000)
        probes.append(.now(.counter))
      }
      clock.look()
    }
    let rate =
      Double(probes.last!.ticks - probes[0].ticks)
      / Double(probes.last!.monotonicNanoseconds - probes[0].monotonicNanoseconds)
    let errors = Errors(
      probes.map { probe in
        let ticks = Int64(bitPattern: clock.ticks(at: probe.monotonicNanoseconds) &- probe.ticks)
        return Int64(Double(ticks) / rate)
      })
    #expect(errors.mostOf <= Self.edge_ns, "\(errors.text)")
    #expect(errors.median <= 1000, "\(errors.text)")
  }

  /// The time of the kernel's record of a thread's new name is between the counter's values before
  /// and after the call that sets it.
  @Test(.needs(.kernelSamples, Requirement("an invariant counter") { trace_ticks_are_invariant() }))
  func aRecordLiesWithinItsCall()
    throws
  {
    let place = TemporaryDirectory()
    var configuration = SessionConfiguration(
      providers: [], outputPath: "\(place.path)/trace.etl")
    configuration.cpuSampling = CPUSampling()
    configuration.processes.pids = [UInt32(getpid())]
    let session = Session(
      configuration, places: [.init(path: "\(place.path)/meet", kind: .user)])
    try session.start()
    let calls = Lock<[Call]>([])
    // On a separate thread, because the name is kept.
    try NamedThread("clock") { Self.call(2000, calls) }.join()
    session.stop()
    let made = calls.withLock { $0 }
    let errors = try Self.errors(of: made, in: try TraceFile(path: "\(place.path)/trace.etl"))
    // On a busy machine, the thread is occasionally preempted while it reads the clocks.
    #expect(errors.all.count >= made.count / 2)
    #expect(errors.mostOf <= Self.edge_ns, "\(errors.text)")
    #expect(errors.median <= 1000, "\(errors.text)")
  }

  private struct Call {
    var before: UInt64
    var after: UInt64
  }

  private static func call(_ count: Int, _ calls: borrowing Lock<[Call]>) {
    for number in 0..<count {
      let name = "clock-\(number)"
      let before = trace_ticks()
      trace_name_thread(name)
      let after = trace_ticks()
      calls.withLock { $0.append(Call(before: before, after: after)) }
      usleep(200)
    }
  }

  /// The distances of records from their calls.
  private static func errors(
    of calls: [Call], in file: TraceFile
  ) throws -> Errors {
    var errors: [Int64] = []
    let replay = Replay(file)
    replay.on(ThreadName.self) { event, header in
      guard event.name.hasPrefix("clock-"), let number = Int(event.name.dropFirst(6)),
        calls.indices.contains(number)
      else { return }
      let before = file.timestamp(ofTicks: calls[number].before)
      let after = file.timestamp(ofTicks: calls[number].after)
      errors.append(max(0, before - header.timestamp, header.timestamp - after))
    }
    try replay.run()
    try #require(!errors.isEmpty)
    return Errors(errors)
  }
}
