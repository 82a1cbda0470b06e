internal import TraceKernel

/// The attributes of an event (perf_event_attr). Those longer than known are read as far as they
/// are known.
struct PerfAttributes: Hashable {
  /// The size of the first version, which every file has.
  static let bytesMin = 64
  static let bytesMax = 4096

  var type: UInt32 = 0
  var config: UInt64 = 0
  /// The period, or the frequency if ``usesFrequency``.
  var samplePeriod: UInt64 = 0
  var fields: PerfSampleFields = []
  var readFormat: UInt64 = 0
  var flags: UInt64 = 0
  var branchType: UInt64 = 0
  var userRegisters: UInt64 = 0
  var userStackBytes: UInt32 = 0
  var clock: Int32 = 0
  var interruptRegisters: UInt64 = 0

  init() {}

  init(_ bytes: UnsafeRawBufferPointer) {
    let bytes = ForeignBytes(bytes)
    type = bytes.word32(0)
    config = bytes.word64(8)
    samplePeriod = bytes.word64(16)
    fields = PerfSampleFields(rawValue: bytes.word64(24))
    readFormat = bytes.word64(32)
    flags = bytes.word64(40)
    branchType = bytes.word64(72)
    userRegisters = bytes.word64(80)
    userStackBytes = bytes.word32(88)
    clock = Int32(bitPattern: bytes.word32(92))
    interruptRegisters = bytes.word64(96)
  }

  var usesFrequency: Bool { flags & 1 << 10 != 0 }
  /// Whether records that are not samples end with a stamp.
  var stampsAll: Bool { flags & 1 << 18 != 0 }
  /// Whether ``clock`` is the clock of the times.
  var usesClock: Bool { flags & 1 << 25 != 0 }
  /// Whether there are records of context switches.
  var recordsSwitches: Bool { flags & 1 << 26 != 0 }
  var excludesKernel: Bool { flags & 1 << 5 != 0 }

  /// Whether branches are the calls that a processor keeps (--call-graph lbr).
  var branchesAreCalls: Bool { branchType & 1 << 11 != 0 }
}

/// What an event counts: PERF_TYPE_*.
enum PerfEventType {
  static let hardware: UInt32 = 0
  static let software: UInt32 = 1
  static let tracepoint: UInt32 = 2
  static let cache: UInt32 = 3
  static let raw: UInt32 = 4
  static let breakpoint: UInt32 = 5

  private static let hardwareNames = [
    "cycles", "instructions", "cache-references", "cache-misses", "branches", "branch-misses",
    "bus-cycles", "stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles",
  ]
  private static let softwareNames = [
    "cpu-clock", "task-clock", "page-faults", "context-switches", "cpu-migrations",
    "minor-faults", "major-faults", "alignment-faults", "emulation-faults", "dummy",
    "bpf-output", "cgroup-switches",
  ]

  /// The name that perf gives an event, for files that do not name it.
  static func name(_ attributes: PerfAttributes) -> String {
    let names =
      switch attributes.type {
      case hardware: hardwareNames
      case software: softwareNames
      default: [String]()
      }
    // The upper half is the kind of processor cores.
    let number = attributes.config & 0xffff_ffff
    if number < UInt64(names.count) { return names[Int(number)] }
    return attributes.type == raw
      ? "r\(String(attributes.config, radix: 16))"
      : "event \(attributes.type):\(String(attributes.config, radix: 16))"
  }
}

extension PerfSampleFields {
  static let address = PerfSampleFields(rawValue: 1 << 3)
  static let read = PerfSampleFields(rawValue: 1 << 4)
  static let id = PerfSampleFields(rawValue: 1 << 6)
  static let streamID = PerfSampleFields(rawValue: 1 << 9)
  static let branchStack = PerfSampleFields(rawValue: 1 << 11)

  /// The size of the stamp at the end of records that are not samples.
  var trailerBytes: Int {
    8 * [Self.thread, .time, .id, .streamID, .cpu, .identifier].count { contains($0) }
  }
}
