internal import Glibc
internal import OSStrings
internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat
internal import TraceKernel
internal import TraceSession

/// A trace in memory of this process alone: what it has mapped, its threads, and stacks. All names
/// come from it as from any other trace.
final class OwnTrace {
  /// The event of a stack that is not a CPU sample.
  static let stackSchema = EventSchema(provider: "Pprof", id: 1, name: "ThreadStack")
  /// Nanoseconds from the trace's start to its stacks.
  static let stackTime: Int64 = 1000

  private let sink = MemorySink()
  private var recorder: Recorder
  private let process: UInt32
  let pid = UInt32(getpid())

  private let start: ClockSync

  init(threads: [OwnThread] = []) throws {
    let start = ClockSync.now(.monotonic)
    var recorder = try Recorder(
      to: sink, name: "pprof",
      session: SessionDescription(
        name: "pprof", clock: .monotonic, ticksPerSecond: 1_000_000_000, start: start))
    let executable = OSPath.readlink("/proc/self/exe") ?? ""
    process = recorder.addProcess(
      ProcessRecord(pid: pid, executable: executable, joinTicks: start.ticks))
    self.start = start
    self.recorder = recorder
    for thread in threads where !thread.name.isEmpty {
      try self.recorder.addThread(
        thread.tid, named: thread.name, of: process, atTicks: start.ticks)
    }
    try addImages()
  }

  private func addImages() throws {
    var maps: [ProcessMap] = []
    ProcessMaps.read(pid: pid) { if $0.isCode, maps.count < Self.imagesMax { maps.append($0) } }
    for map in maps {
      var image = map.image
      if map.isFile, !map.isDeleted { image.buildID = BuildIDs.shared.id(of: map) }
      try recorder.append(
        image,
        RecordHeader(
          ticks: start.ticks, process: process, tid: pid, stream: StreamNumbers.machine,
          flags: .rundown))
    }
  }

  private static let imagesMax = 65_536

  private func header(_ tid: UInt32) -> RecordHeader {
    RecordHeader(
      ticks: start.ticks &+ UInt64(Self.stackTime), process: process, tid: tid)
  }

  /// Adds CPU samples of a stack.
  func add(
    samples count: UInt64, weight: UInt64, _ stack: [UInt64], tid: UInt32
  ) throws {
    let event = SampledProfile(weight: weight, source: .threadTimer)
    for _ in 0..<count { try recorder.append(event, header(tid), stack: stack) }
  }

  /// Adds a stack that is not a CPU sample.
  func add(_ stack: [UInt64], tid: UInt32) throws {
    try recorder.append(Self.stackSchema, header(tid), stack: stack) { _ in }
  }

  /// The finished trace.
  func file() throws -> TraceFile {
    try recorder.finish()
    return try TraceFile(bytes: sink.bytes, name: "pprof")
  }

  /// Adds up the stacks of a trace, with names, lines and inlined calls.
  static func profile(of file: TraceFile, isSamples: Bool) throws -> StackProfile {
    var options = StackOptions()
    if !isSamples { try options.show(EventPatterns(providers: ["Pprof"]), of: [stackSchema]) }
    options.detail = SourceDetail(lines: true, inlined: true)
    options.symbols.imageSymbols = [KeptImages(file)]
    return try StackProfilePass(options, mayBeEmpty: true).report(from: Replay(file))
  }
}
