import Testing
import TraceEvents
import TraceFormat

@testable import TraceKernel

/// Samples of switches and wake-ups, as the kernel's tracepoints write them.
@Suite struct SwitchRecordTests {
  static let switchFormat = """
    format:
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;
    \tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;
    """
  static let wakingFormat = """
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;
    """
  static let user = UInt64(bitPattern: -512)
  static let kernel = UInt64(bitPattern: -128)
  static let parser = PerfRecordParser(fields: [.framePointers, .ofSwitches])

  /// A record of 44 bytes.
  static func raw(flags: UInt8 = 0, thread: UInt32 = 0, state: UInt64 = 0) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 44)
    bytes[2] = flags
    withUnsafeBytes(of: thread) { bytes.replaceSubrange(24..<28, with: $0) }
    withUnsafeBytes(of: state) { bytes.replaceSubrange(32..<40, with: $0) }
    return bytes
  }

  static func sample(
    _ identifier: UInt64, _ pid: UInt32, _ tid: UInt32, _ chain: [UInt64], raw: [UInt8],
    at time: UInt64, in records: inout RecordBytes
  ) {
    var tail = [UInt8](repeating: 0, count: 4) + raw
    withUnsafeBytes(of: UInt32(raw.count)) { tail.replaceSubrange(0..<4, with: $0) }
    let words = stride(from: 0, to: tail.count, by: 8).map { start in
      tail[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    records.add(
      PerfRecordKind.sample,
      [identifier, 0x1, RecordBytes.pair(pid, tid), time, 0, 1, UInt64(chain.count)] + chain
        + words, stamp: nil)
  }

  static func change(
    _ pid: UInt32, _ tid: UInt32, marks: UInt16, at time: UInt64, in records: inout RecordBytes
  ) {
    records.add(
      PerfRecordKind.contextSwitch, marks: marks, [RecordBytes.pair(pid, tid), time, 0, 5],
      stamp: nil)
  }

  static func translate(_ records: RecordBytes, haveStacks: Bool = true) -> CollectingSink {
    let sink = CollectingSink()
    let translator = PerfTranslator(
      PerfTranslator.Options(
        samplePeriod_ns: 1_000_000, filter: ProgramFilter(executableNames: ["shop"])),
      ringCount: 1, clock: PerfClock(isMonotonic: true),
      facts: RecordedProcessFacts(names: [10: "shop", 20: "other"]), sink: sink)
    translator.switches.kinds = [5: .switchOut, 6: .wakeUp]
    translator.switches.layouts = SwitchLayouts(
      switchFormat: switchFormat, wakingFormat: wakingFormat)
    translator.switches.haveStacks = haveStacks
    records.bytes.withUnsafeBytes { bytes in _ = translator.take(bytes, parser) }
    #expect(translator.malformed == 0)
    return sink
  }

  @Test func layouts() {
    let layouts = SwitchLayouts(
      switchFormat: Self.switchFormat, wakingFormat: Self.wakingFormat)
    #expect(layouts.state == SwitchLayouts.Field(offset: 32, byteCount: 8))
    #expect(layouts.wokenThread == SwitchLayouts.Field(offset: 24, byteCount: 4))
    let states: [(UInt64, ThreadState)] = [
      (0, .runnable), (0x100, .runnable), (1, .sleeping), (2, .uninterruptible),
      (0x402, .uninterruptible), (4, .stopped), (8, .traced), (0x10, .dead), (0x21, .dead),
      (0x80, .idle),
    ]
    for (bits, state) in states {
      Self.raw(state: bits).withUnsafeBytes { #expect(layouts.state(in: $0) == state) }
    }
    // A format that no kernel writes, and a record that is too short.
    #expect(SwitchLayouts(switchFormat: "field:long prev_state; offset:-9; size:3;").state == nil)
    #expect(layouts.state(in: UnsafeRawBufferPointer(start: nil, count: 0)) == .unknown)
    #expect(layouts.wakeUp(in: UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
  }

  /// A switch's record has the direction, and the sample before it the state and the stack.
  @Test func aSwitchHasTheStackOfItsSample() {
    var records = RecordBytes()
    let kernelFrame: UInt64 = 0xffff_ffff_8100_0000
    Self.sample(
      5, 10, 11, [Self.kernel, kernelFrame, Self.user, 0x40], raw: Self.raw(state: 2), at: 100,
      in: &records)
    Self.change(10, 11, marks: PerfRecordKind.isOut, at: 101, in: &records)
    Self.change(10, 11, marks: 0, at: 200, in: &records)
    // Another thread's sample, and a preemption.
    Self.sample(5, 10, 12, [Self.user, 0x50], raw: Self.raw(state: 1), at: 300, in: &records)
    Self.change(
      10, 11, marks: PerfRecordKind.isOut | PerfRecordKind.isPreempted, at: 301, in: &records)
    let sink = Self.translate(records)
    #expect(
      sink.events(ContextSwitch.self) == [
        ContextSwitch(direction: .off, state: .uninterruptible), ContextSwitch(direction: .on),
        ContextSwitch(direction: .preempted, state: .runnable),
      ])
    #expect(sink.stacks == [[kernelFrame, 0x40]])
    #expect(Self.translate(records, haveStacks: false).stacks.isEmpty)
  }

  /// Wake-ups by and of recorded threads are recorded; those of others are not.
  @Test func wakeUps() {
    var records = RecordBytes()
    Self.change(10, 10, marks: 0, at: 1, in: &records)
    // By a recorded thread; by one of another program; by an interrupt in the idle thread.
    let frames = [Self.kernel, 0xffff_ffff_8100_0000, Self.user, 0x40]
    let wakers: [(UInt32, UInt8)] = [(10, 0), (20, 0), (0, 8), (10, 0x10)]
    for (index, (pid, flags)) in wakers.enumerated() {
      Self.sample(
        6, pid, pid, frames, raw: Self.raw(flags: flags, thread: 10), at: UInt64(100 + index),
        in: &records)
    }
    // Of an unknown thread: by a recorded thread, by others, and by an interrupt.
    for (index, (pid, flags)) in wakers.enumerated() {
      Self.sample(
        6, pid, pid, frames, raw: Self.raw(flags: flags, thread: 99), at: UInt64(200 + index),
        in: &records)
    }
    let sink = Self.translate(records)
    #expect(
      sink.events(ReadyThread.self) == [
        ReadyThread(threadID: 10, context: .thread), ReadyThread(threadID: 10, context: .thread),
        ReadyThread(threadID: 10, context: .interrupt),
        ReadyThread(threadID: 10, context: .softInterrupt),
        ReadyThread(threadID: 99, context: .thread),
      ])
    // Only the recorded thread's own stack has user frames.
    #expect(sink.stacks.map(\.count) == [2, 1, 1, 1, 2])
    #expect(sink.processes.map(\.pid) == [10])
  }

  /// Records whose sizes lie.
  @Test func hostileRawData() {
    for size: UInt32 in [0, 1, 44, 45, 1000, .max - 8, .max] {
      var records = RecordBytes()
      records.add(
        PerfRecordKind.sample,
        [6, 1, RecordBytes.pair(10, 10), 5, 0, 1, 0, UInt64(size), 0, 0], stamp: nil)
      let sink = CollectingSink()
      let translator = PerfTranslator(
        PerfTranslator.Options(), ringCount: 1, clock: PerfClock(isMonotonic: true),
        facts: RecordedProcessFacts(), sink: sink)
      translator.switches.kinds = [6: .wakeUp]
      translator.switches.layouts = SwitchLayouts(wakingFormat: Self.wakingFormat)
      records.bytes.withUnsafeBytes { bytes in _ = translator.take(bytes, Self.parser) }
      #expect(sink.events(ReadyThread.self).isEmpty && translator.malformed == 1)
    }
  }
}
