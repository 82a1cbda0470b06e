import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceKernel
@testable import TraceSession

/// Translates hand-made kernel records into a file.
struct TranslatedTrace: ~Copyable {
  static let start_ns: UInt64 = 1_000_000_000_000
  let place = TemporaryDirectory()
  let translator: PerfTranslator
  let stacks = SampleStacks(.framePointers)
  private let sink: BatchSink
  private var writer: TraceWriter
  private let batch = SystemBatch()

  var path: String { "\(place.path)/trace.etl" }

  /// Records of two CPUs; the trace's ticks are nanoseconds.
  init(
    filter: ProcessFilter = ProcessFilter(), scope: PerfScope = .wholeMachine,
    connectedIndex: @escaping (UInt32) -> UInt32? = { _ in nil }
  ) throws {
    var writer = try TraceWriter(
      path: "\(place.path)/trace.etl",
      session: SessionDescription(
        name: "by hand", clock: .monotonic, ticksPerSecond: 1_000_000_000,
        start: ClockSync(
          ticks: Self.start_ns, monotonicNanoseconds: Self.start_ns,
          realtimeNanoseconds: 1_700_000_000_000_000_000),
        machine: MachineDescription(
          hostName: "host", operatingSystem: "Linux", architecture: "x86_64", cpuCount: 2)))
    var numbers: [UInt16: UInt16] = [:]
    for (place, type) in SystemSchema.eventTypes.enumerated() {
      numbers[type.eventID] = UInt16(place + 1)
      try writer.define(ref: UInt16(place + 1), schema: type.schema)
    }
    let wish = PerfPlan.Wish(sampling: CPUSampling(), contextSwitches: true, scope: scope)
    sink = BatchSink(
      refs: try #require(SystemRefs(numbers)), cpus: [0, 1], joinedIndex: connectedIndex)
    translator = PerfTranslator(
      wish.translation(of: .cpuClock, ProgramFilter(filter)), ringCount: 2,
      clock: PerfClock(isMonotonic: true),
      facts: LiveProcessFacts(images: ImageFiles(heldMax: 0)), sink: sink, stacks: stacks,
      runtimeCode: CodeFileNotices())
    self.writer = writer
    sink.begin(batch)
  }

  /// `time` is nanoseconds after the start.
  func take(_ record: PerfRecord, pid: UInt32, tid: UInt32? = nil, at time: UInt64, ring: Int = 0) {
    let stamp = PerfStamp(
      pid: pid, tid: tid ?? pid, nanoseconds: Self.start_ns &+ time, cpu: UInt32(ring))
    translator.take(record, stamp, ring: ring)
  }

  func fork(_ pid: UInt32, parent: UInt32, at time: UInt64) {
    take(
      .fork(PerfTask(pid: pid, parentPID: parent, tid: pid, parentTID: parent)), pid: parent,
      at: time)
  }

  func exec(_ pid: UInt32, _ name: String, at time: UInt64) {
    Array(name.utf8).withUnsafeBytes {
      take(.name(pid: pid, tid: pid, bytes: $0, isExec: true), pid: pid, at: time)
    }
  }

  func map(
    _ pid: UInt32, _ path: String, at time: UInt64, inode: UInt64 = 0, protection: UInt32 = 0
  ) {
    Array(path.utf8).withUnsafeBytes {
      let none = UnsafeRawBufferPointer(start: nil, count: 0)
      let map = PerfMap(
        pid: pid, tid: pid, address: 0x1000, size: 0x1000, fileOffset: 0, major: 0, minor: 0,
        inode: inode, protection: protection, buildID: none, path: $0)
      take(.map(map), pid: pid, at: time)
    }
  }

  func exit(_ pid: UInt32, at time: UInt64) {
    take(
      .exit(PerfTask(pid: pid, parentPID: 1, tid: pid, parentTID: 1)), pid: pid, at: time)
  }

  func sample(_ pid: UInt32, at time: UInt64) {
    take(.sample(PerfSample(instructionPointer: 0x1010, period: 1_000_000)), pid: pid, at: time)
  }

  /// Writes the current batch into the file, and begins a new one.
  mutating func send() {
    batch.write(to: &writer)
    sink.begin(batch)
  }

  mutating func finish() throws -> TraceFile {
    send()
    try writer.finish()
    return try TraceFile(path: path)
  }
}

extension TraceFile {
  /// "pid Event", in order.
  func story() throws -> [String] {
    var lines: [String] = []
    let types = eventTypes
    let replay = Replay(self)
    replay.onAny { event in
      lines.append("\(event.header.pid) \(types[event.typeIndex].schema.name)")
    }
    try replay.run()
    return lines
  }
}
