import CTraceShims
import Foundation
import TestSupport
import Testing
import TraceControl
import TraceEvents
import TraceRing

@testable import TraceSession

/// A session with unreasonable settings does not stop the program.
@Suite struct DemandingSessionTests {
  let place = TemporaryDirectory()
  var runtime: String { "\(place.path)/meet" }

  /// Block mode with a timeout of a hundred years, without a reader, and with a wake descriptor
  /// that blocks forever.
  @Test(arguments: [nil, "50"]) func anEndlessWaitIsCut(_ allowed: String?) throws {
    let hostile = try HostileSession(path: runtime)
    let environment = allowed.map { ["TRACE_BLOCK_TIMEOUT": $0] } ?? [:]
    let storm = try StormProcess(
      ["--events", "20000"], runtimeDirectory: runtime, environment: environment)
    defer { storm.kill() }
    try hostile.acceptOne()
    let set = try BufferSet.create(
      BufferSetParameters(
        ringCount: BufferSets.cpuCount, ringBytes: RingLayout.ringBytesMin, mode: .block,
        writerKind: rseqWorks ? .rseq : .lock, blockTimeoutNanoseconds: 1 << 62))
    let wake = trace_wake_descriptor()
    defer { close(wake) }
    var full = UInt64.max - 1
    #expect(write(wake, &full, 8) == 8)
    #expect(fcntl(wake, F_SETFL, 0) == 0)
    // Every ring's consumer requests to be woken.
    for ring in 0..<set.parameters.ringCount {
      withUnsafeBytes(of: UInt32(1)) { set.overwrite(at: 4096 + 256 * ring + 136, with: $0) }
    }
    let begin = Date()
    hostile.send(
      SessionMessage.welcome(Welcome(sessionID: 1, processSlot: 1)).encoded(),
      descriptors: [set.descriptor, wake])
    hostile.send(
      SessionMessage.grants(
        ProviderGrants(
          provider: 0, generation: 1, filter: EnableFilter(level: .verbose, any: [], all: []),
          grants: [1, 2, 3, 4].map { Grant(eventID: $0, ref: $0, isOn: true, captureStack: false) })
      ).encoded())
    let notice = try hostile.firstNotice()
    #expect(notice.contains("at most, not 4611686018427 ms"))
    #expect(notice.contains(allowed.map { "waits for room in the buffers \($0) ms" } ?? "1000 ms"))
    try storm.waitUntilExit()
    #expect(Date().timeIntervalSince(begin) < 20)
  }

  private var rseqWorks: Bool { trace_rseq_self_test() && trace_ticks_are_invariant() }
}
