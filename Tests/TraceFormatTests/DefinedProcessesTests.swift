import Testing
import TraceEvents

@testable import TraceFormat

/// A recording that encounters an unlimited number of processes keeps a bounded number of them.
@Suite struct DefinedProcessesTests {
  private static let first = ProcessNumbers.firstOther

  private func process(_ number: UInt32, arguments: Int = 0) -> ProcessRecord {
    ProcessRecord(
      index: number, pid: number & 0xffff, executable: "/usr/bin/prog",
      arguments: [String](repeating: "0123456789", count: arguments))
  }

  @Test func recordsAreShortenedThenOmitted() {
    var processes = DefinedProcesses()
    processes.limits = .init(records: 100, bytes: 1000, fullBytes: 500)
    var records: [ProcessRecord?] = []
    for number in 0..<20 as Range<UInt32> {
      records.append(processes.add(process(Self.first + number, arguments: 2)))
    }
    let full = records.count { $0?.arguments.count == 2 && $0?.executable == "/usr/bin/prog" }
    let short = records.count { $0?.arguments == [] && $0?.executable == "prog" }
    #expect(full > 2 && short > 2)
    #expect(processes.shortened == UInt64(short))
    #expect(processes.omitted == UInt64(20 - full - short) && processes.omitted > 2)
    // Without a record, the end is not written, but the pid remains known for events.
    let ends = [processes.end(Self.first), processes.end(Self.first + 19)]
    #expect(ends == [true, false])
    #expect(processes[Self.first + 19] == (Self.first + 19) & 0xffff)
    // Processes that have joined are not limited here.
    let joined = processes.add(process(7, arguments: 2))
    #expect(joined == process(7, arguments: 2))
  }

  @Test func pidsAreForgottenAfterTheEnd() {
    var processes = DefinedProcesses()
    _ = processes.add(process(Self.first))
    let last = Self.first + 3 * UInt32(DefinedProcesses.endedMax)
    for number in Self.first + 1...last {
      _ = processes.add(process(number))
      _ = processes.end(number)
    }
    #expect(processes.count == DefinedProcesses.endedMax + 1)
    #expect(processes[last] != nil && processes[Self.first + 1] == nil)
    // The first process is still running.
    #expect(processes[Self.first] != nil)
  }

  @Test func aStormOfProcessesMakesABoundedFile() throws {
    let count: UInt32 = 4000
    var limited = LimitedProcesses()
    var accepted = 0
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for number in 0..<count {
        let index = Self.first + number
        writer.define(process: process(index, arguments: 300))
        let event = SampleEvent(
          ref: 1, ticks: 2000 + UInt64(number), stream: 0, cpu: 0, process: index, tid: 1, flags: 0,
          words: [UInt64(number), 5])
        accepted += Sample.append(event, to: &writer) ? 1 : 0
        writer.processEnded(index: index, atTicks: 2001 + UInt64(number))
      }
      limited = writer.limitedProcesses
    }
    let file = try TraceFile(bytes: bytes)
    #expect(file.isComplete && accepted == Int(count))
    try file.verify()
    #expect(file.damage.isEmpty)
    #expect(file.processes.count == Int(count) && limited.omitted == 0)
    #expect(limited.shortened > 1000)
    #expect(limited.shortened == UInt64(file.processes.count { $0.arguments.isEmpty }))
    #expect(file.processes.allSatisfy { $0.endTicks != nil })
    // Every event has its pid, whether or not its process has a record.
    var wrong = 0
    let replay = Replay(file)
    replay.onAny { wrong += $0.header.pid == $0.header.processIndex & 0xffff ? 0 : 1 }
    try replay.run()
    #expect(wrong == 0)
  }
}
