import Testing
import TraceEvents
import TraceFormat

@testable import TraceKernel
@testable import TraceSession

/// Kernel records of a process after its exit record. The pids are not in use.
@Suite struct EndedProcessesTests {
  static let parent: UInt32 = 5_000_001
  static let child: UInt32 = 5_000_002
  static let other: UInt32 = 5_000_003

  private func story(_ file: TraceFile) throws -> [String] {
    let indices = file.processes.map(\.index)
    var lines: [String] = []
    let types = file.eventTypes
    let replay = Replay(file)
    replay.onAny { event in
      let process = indices.firstIndex(of: event.header.processIndex) ?? -1
      lines.append("\(process) \(types[event.typeIndex].schema.name)")
    }
    try replay.run()
    return lines
  }

  /// Written late by another CPU: its time determines its process.
  @Test func aRecordThatComesAfterTheEndIsStillThatProcesses() throws {
    var trace = try TranslatedTrace()
    trace.fork(Self.child, parent: Self.parent, at: 10)
    trace.exit(Self.child, at: 50)
    trace.exec(Self.child, "true", at: 20)
    trace.map(Self.child, "/usr/bin/true", at: 30)
    trace.sample(Self.child, at: 40)
    let text = Array("worker".utf8)
    text.withUnsafeBytes {
      trace.take(
        .name(pid: Self.child, tid: Self.child, bytes: $0, isExec: false), pid: Self.child, at: 45)
    }
    #expect(trace.translator.processes.count == 0)
    let file = try trace.finish()
    #expect(file.processes.map(\.pid) == [Self.child])
    #expect(file.processes.map(\.endTicks) == [TranslatedTrace.start_ns + 50])
    #expect(
      try story(file) == [
        "0 ProcessStart", "0 ProcessExec", "0 ImageMap", "0 SampledProfile", "0 ThreadName",
        "0 ThreadStop", "0 ProcessStop",
      ])
  }

  /// So is its fork, although it arrives last.
  @Test func aForkThatComesAfterTheEndBeginsNothing() throws {
    var trace = try TranslatedTrace()
    trace.sample(Self.child, at: 20)
    trace.exit(Self.child, at: 50)
    trace.fork(Self.child, parent: Self.parent, at: 10)
    #expect(trace.translator.processes.count == 0)
    let file = try trace.finish()
    #expect(file.processes.map(\.pid) == [Self.child])
    #expect(file.processes[0].endTicks == TranslatedTrace.start_ns + 50)
  }

  /// Reported through /proc when a session begins, then by the kernel.
  @Test func aForkThatComesAfterTheFirstSampleBeginsNoOther() throws {
    var trace = try TranslatedTrace()
    trace.sample(Self.child, at: 20)
    trace.fork(Self.child, parent: Self.parent, at: 10)
    trace.sample(Self.child, at: 30)
    trace.exit(Self.child, at: 50)
    let file = try trace.finish()
    #expect(file.processes.map(\.pid) == [Self.child])
    #expect(file.processes[0].endTicks == TranslatedTrace.start_ns + 50)
  }

  /// A thread that has ended continues to run in the kernel until its last context switch.
  @Test func aThreadOnItsWayOutIsNoOtherProcess() throws {
    var trace = try TranslatedTrace()
    trace.fork(Self.child, parent: Self.parent, at: 10)
    trace.exit(Self.child, at: 50)
    trace.sample(Self.child, at: 60)
    trace.take(.contextSwitch(isOut: true, isPreempted: false), pid: Self.child, at: 70)
    let file = try trace.finish()
    #expect(file.processes.map(\.pid) == [Self.child])
    #expect(
      try story(file).suffix(2) == ["0 SampledProfile", "0 ContextSwitch"])
  }

  /// A process whose fork was lost is recognized by records that an ended process cannot have, and
  /// by their time.
  @Test(arguments: [true, false])
  func aNumberThatIsUsedAgainIsAnotherProcess(_ hasExec: Bool) throws {
    var trace = try TranslatedTrace()
    trace.fork(Self.child, parent: Self.parent, at: 10)
    trace.exit(Self.child, at: 50)
    let later = hasExec ? 60 : 51 + EndedProcesses.leaving_ns
    if hasExec { trace.exec(Self.child, "false", at: later) }
    trace.sample(Self.child, at: later + 10)
    // A late record of the former process.
    trace.sample(Self.child, at: 40)
    trace.exit(Self.child, at: later + 20)
    let file = try trace.finish()
    #expect(
      file.processes.map(\.endTicks) == [50, later + 20].map { TranslatedTrace.start_ns + $0 })
    let samples = try story(file).filter { $0.hasSuffix("SampledProfile") }
    #expect(samples == ["0 SampledProfile", "1 SampledProfile"])
  }

  /// Events that were not admitted while a process ran are not admitted after its end, and not
  /// kept.
  @Test func aFilterHoldsAfterTheEnd() throws {
    var trace = try TranslatedTrace(filter: ProcessFilter(executableNames: ["worker"]))
    for (pid, name) in [(Self.parent, "worker"), (Self.other, "sh")] {
      trace.exec(pid, name, at: 10)
      trace.exit(pid, at: 50)
      trace.sample(pid, at: 40)
      trace.sample(pid, at: 60)
    }
    #expect(trace.translator.processes.count == 0)
    let file = try trace.finish()
    #expect(file.processes.map(\.pid) == [Self.parent])
    #expect(try story(file).count { $0 == "0 SampledProfile" } == 2)
  }

  /// For any number of ended processes, a fixed number is kept: those that ended last.
  @Test func whoEndedLongAgoIsForgotten() throws {
    let first = Self.other
    let count = UInt32(EndedProcesses.limit) + 100
    var trace = try TranslatedTrace()
    for number in 0..<count {
      // The first pid ends repeatedly, and therefore remains known.
      for pid in [first + number, first] {
        let time = UInt64(number) * 100 + (pid == first ? 50 : 0)
        trace.fork(pid, parent: Self.parent, at: time + 1)
        trace.exit(pid, at: time + 2)
      }
      if number % 100 == 0 { trace.send() }
    }
    let ended = trace.translator.processes.ended.count
    #expect(ended <= EndedProcesses.limit)
    let hasEnded = [first, first + count - 1, first + 1].map {
      trace.translator.processes.hasEnded($0)
    }
    #expect(hasEnded == [true, true, false])
    _ = try trace.finish()
  }
}
