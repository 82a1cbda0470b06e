import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// The process that had a pid at a time.
@Suite struct ProcessesTests {
  private let directory = TemporaryDirectory()

  private func trace(_ body: (inout SampledTrace) throws -> Void) throws -> TraceFile {
    let path = directory.path + "/trace.etl"
    var trace = try SampledTrace(path: path)
    try body(&trace)
    try trace.finish()
    return try TraceFile(path: path)
  }

  private func record(
    _ index: UInt32, _ pid: UInt32, _ executable: String, joined: UInt64, startTime: UInt64
  ) -> ProcessRecord {
    ProcessRecord(
      index: index, pid: pid, startTime: startTime, executable: executable,
      joinTicks: SampledTrace.start + joined)
  }

  private func load(_ name: String) -> MethodLoad {
    MethodLoad(
      methodID: 0, startAddress: 0x1000, size: 0x100, namespace: "", name: name, signature: "")
  }

  /// Two programs have the same pid one after the other, and only the session's records distinguish
  /// them: code, names and stacks agree on which is which.
  @Test func aReusedPIDThatNoEventTellsOf() throws {
    let file = try trace {
      $0.process(9, "/bin/first")
      $0.add(load("one"), at: 20, pid: 9)
      $0.sample(at: 30, pid: 9, stack: [0x1010])
      $0.writer.processEnded(index: 9, atTicks: SampledTrace.start + 50)
      $0.writer.define(process: record(901, 9, "/bin/second", joined: 70, startTime: 2))
      $0.sample(at: 80, pid: 9, stack: [0x1010])
      $0.add(load("two"), at: 90, pid: 9)
      $0.sample(at: 95, pid: 9, stack: [0x1010])
      // A child of the second one inherits its code.
      $0.add(ProcessStart(parentPID: 9, name: "child"), at: 100, pid: 10)
      $0.sample(at: 110, pid: 10, stack: [0x1010])
    }
    let symbolizer = Symbolizer(file)
    let collection: StackCollection
    try file.run(symbolizer)
    let history = symbolizer.finish().processes.finish()
    #expect(history.process(9, at: 49).name == "first")
    #expect(history.process(9, at: 49).validity == Int64.min...49)
    #expect(history.process(9, at: 50).name == "second")
    #expect(history.process(9, at: 50).validity == 50...Int64.max)
    #expect(history.process(10, at: 110).name == "child")
    collection = try StackCollection(file, .samples, SymbolizerFrames(symbolizer))
    let lines = collection.tree.exclusive.indices.dropFirst().map { node in
      collection.tree.path(to: node).map { collection.frames[$0].name }.joined(separator: ";")
        + " \(collection.tree.exclusive[node].count)"
    }
    #expect(
      lines.filter { $0.contains(";") } == [
        "Process first (9);[jit]!one 1", "Process second (9);[jit]!two 2",
        "Process child (10);[jit]!two 1",
      ])
  }

  /// If events report the end, records are not used, because a record of the end may be late.
  @Test func eventsTellBetterThanRecords() throws {
    let file = try trace {
      $0.process(9, "/bin/first")
      $0.add(ProcessStart(parentPID: 1, name: "first"), at: 5, pid: 9, isRundown: true)
      $0.add(load("one"), at: 20, pid: 9)
      $0.add(ProcessStop(parentPID: 1), at: 50, pid: 9)
      $0.add(ProcessStart(parentPID: 1, name: "second"), at: 60, pid: 9)
      $0.add(load("two"), at: 65, pid: 9)
      $0.writer.processEnded(index: 9, atTicks: SampledTrace.start + 90)
      $0.writer.define(process: record(901, 9, "/bin/second", joined: 95, startTime: 2))
      $0.sample(at: 100, pid: 9, stack: [0x1010])
    }
    let symbolizer = Symbolizer(file)
    try symbolizer.prepare()
    let answer = symbolizer.resolve(pid: 9, address: 0x1010, at: 100, isCaller: false)
    #expect(answer.symbolID.map { symbolizer.symbol($0).name } == "two")
    let history = symbolizer.processes.history
    #expect(history.process(9, at: 55).name == "first")
    #expect(history.process(9, at: 60).name == "second")
  }

  /// The kernel's events and a process's own connection each create a record of it. A short-lived
  /// process has ended before its start time is read; its record then has the start time 0.
  @Test func aProcessOfTwoRecordsIsListedOnce() throws {
    func rows(startTimes: [UInt64], joined: [UInt64]) throws -> Int {
      let file = try trace {
        for (index, time) in zip(UInt32(900)..., startTimes) {
          let joined = joined[Int(index) - 900]
          $0.writer.define(
            process: record(index, 9, "/bin/brief", joined: joined, startTime: time))
          $0.writer.processEnded(index: index, atTicks: SampledTrace.start + joined + 40)
        }
      }
      let report = try InfoPass().report(from: Replay(file))
      return report.processes.count { $0.pid == 9 }
    }
    #expect(try rows(startTimes: [0, 5], joined: [10, 12]) == 1)
    #expect(try rows(startTimes: [5, 0], joined: [10, 12]) == 1)
    #expect(try rows(startTimes: [0, 0], joined: [10, 12]) == 1)
    #expect(try rows(startTimes: [5, 5], joined: [10, 60]) == 1)
    // Two processes one after the other, or two with known start times.
    #expect(try rows(startTimes: [0, 5], joined: [10, 60]) == 2)
    #expect(try rows(startTimes: [5, 6], joined: [10, 12]) == 2)
  }

  /// Passes that share the processes are subscribed in whatever order.
  @Test func passesShareTheProcesses() throws {
    let file = try trace {
      $0.add(ProcessExec(name: "program"), at: 10, pid: 9)
      $0.add(load("one"), at: 20, pid: 9)
    }
    let processes = Processes(file)
    let symbolizer = Symbolizer(file, processes: processes)
    try file.run(symbolizer, processes)
    #expect(file.replayRuns == 1)
    #expect(processes.finish().process(9, at: 20).name == "program")
    #expect(symbolizer.finish().processes === processes)
    let answer = symbolizer.resolve(pid: 9, address: 0x1010, at: 30, isCaller: false)
    #expect(answer.symbolID != nil)
  }

  /// Reports that need names and stacks read the file twice: first announcements, then stacks.
  @Test func everyViewOfStacksTakesTwoRuns() throws {
    func runs(_ body: (TraceFile) throws -> Void) throws -> Int {
      let file = try trace {
        $0.add(load("one"), at: 20, pid: 9)
        $0.sample(at: 30, pid: 9, stack: [0x1010])
      }
      try body(file)
      return file.replayRuns
    }
    #expect(try runs { _ = try HitPlaces($0) { _ in true } } == 2)
    #expect(try runs { _ = try SymbolPass().report(from: Replay($0)) } == 2)
    #expect(try runs { _ = try StackPass().report(from: Replay($0)) } == 2)
    #expect(try runs { _ = try InfoPass().report(from: Replay($0)) } == 1)
  }
}
