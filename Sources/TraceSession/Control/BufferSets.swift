import CTraceShims
import Glibc
import TraceFormat
import TraceRing

/// The buffer sets of a session: one for each user whose processes use restartable sequences, and
/// one for each process that does not.
struct BufferSets {
  struct Entry {
    var id: UInt32
    var set: BufferSet
    /// Only one process writes to it; it goes when the process does.
    var isPrivate: Bool
  }

  private(set) var parameters: BufferSetParameters
  private var shared: [UInt32: Entry] = [:]
  private var nextID: UInt32 = 1
  private var nextStream: UInt32 = 0

  init(_ configuration: SessionConfiguration) {
    parameters = BufferSetParameters(
      ringCount: Self.cpuCount,
      ringBytes: Self.ringBytes(configuration.bufferBytesPerCPU),
      mode: configuration.mode.inRing, writerKind: .rseq,
      blockTimeoutNanoseconds: configuration.blockTimeout.nanoseconds)
    parameters.sessionTicks = configuration.startTicks
  }

  /// The process's set: a new one when `isNew`, for the sink to drain.
  mutating func set(
    uid: UInt32, wantsLockSet: Bool, announce: (BufferSet, UInt32, UInt32) -> Void
  ) throws(BufferSetError) -> Entry {
    let isMonotonic = !trace_ticks_are_invariant()
    let isPrivate = wantsLockSet || isMonotonic
    if !isPrivate, let known = shared[uid] { return known }
    var parameters = parameters
    if isPrivate {
      parameters.writerKind = .lock
      parameters.ringCount = max(parameters.ringCount, RingLayout.lockRingCountMin)
      parameters.usesMonotonicClock = isMonotonic
    }
    parameters.firstStream = nextStream
    let entry = Entry(id: nextID, set: try BufferSet.create(parameters), isPrivate: isPrivate)
    announce(entry.set, nextID, nextStream)
    nextID += 1
    nextStream += UInt32(parameters.ringCount)
    if !isPrivate { shared[uid] = entry }
    return entry
  }

  /// Rounded up to a power of two that a ring may have.
  static func ringBytes(_ wanted: Int) -> Int {
    var bytes = RingLayout.ringBytesMin
    while bytes < wanted, bytes < RingLayout.ringBytesMax { bytes *= 2 }
    return bytes
  }

  /// CPUs are numbered below this, those that are switched off now included.
  static let cpuCount: Int = {
    let configured = max(1, sysconf(Int32(_SC_NPROCESSORS_CONF)))
    return min(max(configured, possibleCPUs() ?? 0), RingLayout.ringCountMax)
  }()

  /// From a list such as "0-7,16": 17.
  private static func possibleCPUs() -> Int? {
    guard let file = fopen("/sys/devices/system/cpu/possible", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let last = text.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.last
    return last.flatMap { Int(String(decoding: $0, as: UTF8.self)) }.map { $0 + 1 }
  }
}

extension TraceFormat.BufferMode {
  fileprivate var inRing: TraceRing.BufferMode {
    switch self {
    case .discard: .discard
    case .overwrite: .overwrite
    case .block: .block
    }
  }
}

extension Duration {
  /// At least 0, at most some 584 years.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow
      ? .max : whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000).partialValue
  }
}
