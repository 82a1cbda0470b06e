import Testing
import TraceEvents
import TraceFormat

@testable import TraceKernel

/// Bytes in, typed events out, with facts from a recording instead of a machine.
@Suite struct RecordedTranslationTests {
  static let parser = PerfRecordParser(fields: .framePointers)
  static let shell: UInt32 = 100
  static let child: UInt32 = 200

  /// Translates records; ticks are nanoseconds.
  static func translate(
    _ bytes: [UInt8], _ facts: RecordedProcessFacts = RecordedProcessFacts(),
    filter: ProgramFilter = ProgramFilter()
  ) -> (sink: CollectingSink, translator: PerfTranslator, used: Int) {
    let sink = CollectingSink()
    let translator = PerfTranslator(
      PerfTranslator.Options(samplePeriod_ns: 1_001_001, filter: filter), ringCount: 1,
      clock: PerfClock(isMonotonic: true), facts: facts, sink: sink)
    let used = bytes.withUnsafeBytes { translator.take($0, parser) }
    return (sink, translator, used)
  }

  @Test func aCommandsLife() {
    var records = RecordBytes()
    records.fork(Self.child, Self.child, from: Self.shell, at: 10)
    records.name(Self.child, Self.child, "worker", isExec: true, at: 20)
    records.map(Self.child, "/opt/worker", start: 0x40_0000, size: 0x1000, at: 30)
    records.map(
      Self.child, "/opt/libx.so", start: 0x50_0000, size: 0x1000,
      buildID: [0x0403_0201_0000_0004, 0, 0], at: 31)
    records.fork(Self.child, 201, from: Self.child, at: 40)
    records.name(Self.child, 201, "pool", at: 41)
    records.sample(Self.child, 201, [0x40_0010, 0x40_0020], at: 50)
    records.add(
      PerfRecordKind.contextSwitch, marks: PerfRecordKind.isOut, [], stamp: (Self.child, 201, 55))
    records.add(PerfRecordKind.lost, [1, 7], stamp: (Self.child, Self.child, 60))
    records.add(PerfRecordKind.throttle, [60, 1, 1], stamp: (Self.child, Self.child, 61))
    records.exit(Self.child, 201, from: Self.child, at: 70)
    records.exit(Self.child, Self.child, from: Self.shell, at: 80)
    var facts = RecordedProcessFacts()
    facts.processes[Self.child] = KnownProcess(
      parentPID: Self.shell, uid: 1000, executable: "/opt/worker", arguments: ["worker", "-x"])
    facts.buildIDs["/opt/worker"] = [9, 9]
    facts.names[Self.shell] = "sh"
    let (sink, translator, used) = Self.translate(records.bytes, facts)
    #expect(used == records.bytes.count && translator.malformed == 0)
    #expect(
      sink.lines == [
        "200/200 ProcessStart at 10", "200/200 ProcessExec at 20", "200 is worker",
        "200/200 ImageMap at 30", "200/200 ImageMap at 31", "200/201 ThreadStart at 40",
        "200/201 ThreadName at 41", "200/201 SampledProfile at 50", "200/201 ContextSwitch at 55",
        "200/201 ThreadStop at 70", "200/200 ThreadStop at 80", "200/200 ProcessStop at 80",
        "200 ends at 80",
      ])
    #expect(sink.processes.map(\.arguments) == [["worker", "-x"]])
    #expect(sink.processes.map(\.uid) == [1000])
    #expect(sink.events(ProcessStart.self).map(\.name) == ["sh"])
    #expect(sink.events(ImageMap.self).map(\.buildID) == [[9, 9], [1, 2, 3, 4]])
    #expect(sink.events(ImageMap.self).map(\.inode) == [77, 0])
    #expect(sink.events(ContextSwitch.self).map(\.direction) == [.off])
    #expect(sink.stacks == [[0x40_0010, 0x40_0020]])
    #expect(sink.losses == [KernelLoss(ring: 0, count: 7, fromTicks: 55, toTicks: 60)])
    #expect(translator.lost == 7 && translator.throttled == 1)
  }

  @Test func aChildWithItsParentsMemoryIsMarked() {
    var records = RecordBytes()
    for child: UInt32 in [200, 201] { records.fork(child, child, from: Self.shell, at: 10) }
    let (sink, _, _) = Self.translate(records.bytes, RecordedProcessFacts(sharers: [201]))
    #expect(
      sink.lines == [
        "200/200 ProcessStart at 10", "201/201 ProcessStart at 10",
        "201/201 AddressSpaceShared at 10",
      ])
    #expect(sink.events(AddressSpaceShared.self).map(\.parentPID) == [Self.shell])
  }

  /// Facts that the recording lacks remain unknown; the others are used to select programs.
  @Test func aFilterAsksTheRecording() {
    var records = RecordBytes()
    for pid in [Self.shell, Self.child] { records.sample(pid, pid, [0x1000], at: UInt64(pid)) }
    var facts = RecordedProcessFacts()
    facts.processes[Self.child] = KnownProcess(executable: "/usr/bin/python3.12")
    let filter = ProgramFilter(executableNames: ["python3.12"])
    #expect(Self.translate(records.bytes, facts, filter: filter).sink.processes.map(\.pid) == [200])
    let open = Self.translate(records.bytes).sink
    #expect(open.processes.map(\.pid) == [100, 200])
    #expect(open.processes.allSatisfy { $0.executable.isEmpty && $0.startTime == 0 })
  }

  @Test func whatRunsAlreadyIsToldFromTheFacts() {
    var facts = RecordedProcessFacts(names: [100: "server", 101: "pool"])
    facts.processes[100] = KnownProcess(parentPID: 1, executable: "/opt/server")
    let code = ProcessMap(
      start: 0x1000, end: 0x2000, isExecutable: true, fileOffset: 0, device: 1, inode: 5,
      path: "/opt/server")
    var heap = code
    (heap.isExecutable, heap.path, heap.inode) = (false, "[heap]", 0)
    facts.maps[100] = [code, heap]
    let (sink, translator, _) = Self.translate([], facts)
    translator.rundown(of: 100, atNanoseconds: 7)
    translator.rundown(of: 300, atNanoseconds: 8)
    #expect(
      sink.lines == [
        "100/100 ProcessStart at 7 (rundown)", "100/101 ThreadStart at 7 (rundown)",
        "100/100 ImageMap at 7 (rundown)",
      ])
    #expect(sink.events(ProcessStart.self).map(\.parentPID) == [1])
  }

  /// An image's code in anonymous memory keeps its name only if the facts confirm that it is
  /// unchanged.
  @Test func codeInAnonymousMemory() {
    var records = RecordBytes()
    records.map(Self.child, "/opt/node", start: 0x1000, size: 0x4000, at: 1)
    records.map(Self.child, "//anon", start: 0x2000, size: 0x1000, at: 2)
    let sink = Self.translate(records.bytes).sink
    #expect(sink.events(ImageMap.self).map(\.path) == ["/opt/node", "//anon"])
  }
}
