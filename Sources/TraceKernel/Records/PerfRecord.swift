/// What the kernel says in one record of a perf ring. Bytes are borrowed from the record.
public enum PerfRecord {
  case sample(PerfSample)
  case map(PerfMap)
  /// A thread's name; `isExec` when it comes from running another program.
  case name(pid: UInt32, tid: UInt32, bytes: UnsafeRawBufferPointer, isExec: Bool)
  case fork(PerfTask)
  case exit(PerfTask)
  case contextSwitch(isOut: Bool, isPreempted: Bool)
  /// Records of any kind that had no room in the ring.
  case lost(UInt64)
  case lostSamples(UInt64)
  case throttled
  /// Of no interest, or of a kind that this version does not know.
  case other
  /// Not as long as its kind must be.
  case malformed
}

/// Where and when a record was made.
public struct PerfStamp: Hashable, Sendable {
  public var pid: UInt32
  public var tid: UInt32
  /// CLOCK_MONOTONIC.
  public var nanoseconds: UInt64
  public var cpu: UInt32

  public init(pid: UInt32 = 0, tid: UInt32 = 0, nanoseconds: UInt64 = 0, cpu: UInt32 = 0) {
    self.pid = pid
    self.tid = tid
    self.nanoseconds = nanoseconds
    self.cpu = cpu
  }
}

/// A CPU sample. Bytes are borrowed from the record.
public struct PerfSample {
  /// Where the thread was (PERF_SAMPLE_IP).
  public var instructionPointer: UInt64
  /// What of the event has passed since the sample before: nanoseconds of a clock, or cycles.
  public var period: UInt64
  /// Addresses and the kernel's marks among them, as ``PerfCallchain`` reads them.
  public var callchain: UnsafeRawBufferPointer
  /// PERF_SAMPLE_REGS_ABI_*: 0 when the thread was in no user code, then no registers follow.
  public var registersABI: UInt64
  /// One word for each bit of the mask that was asked for.
  public var userRegisters: UnsafeRawBufferPointer
  /// The stack's top, only what the kernel could copy.
  public var userStack: UnsafeRawBufferPointer

  public init(
    instructionPointer: UInt64 = 0, period: UInt64 = 0,
    callchain: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
    registersABI: UInt64 = 0,
    userRegisters: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
    userStack: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) {
    self.instructionPointer = instructionPointer
    self.period = period
    self.callchain = callchain
    self.registersABI = registersABI
    self.userRegisters = userRegisters
    self.userStack = userStack
  }
}

/// A mapping that a process may execute. Bytes are borrowed from the record.
public struct PerfMap {
  public var pid: UInt32
  public var tid: UInt32
  public var address: UInt64
  public var size: UInt64
  public var fileOffset: UInt64
  /// The device's numbers; 0 where the record has a build id.
  public var major: UInt32
  public var minor: UInt32
  public var inode: UInt64
  /// PROT_*.
  public var protection: UInt32
  /// Empty where the kernel found none.
  public var buildID: UnsafeRawBufferPointer
  public var path: UnsafeRawBufferPointer

  public init(
    pid: UInt32, tid: UInt32, address: UInt64, size: UInt64, fileOffset: UInt64,
    major: UInt32 = 0, minor: UInt32 = 0, inode: UInt64 = 0, protection: UInt32 = 0,
    buildID: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
    path: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) {
    self.pid = pid
    self.tid = tid
    self.address = address
    self.size = size
    self.fileOffset = fileOffset
    self.major = major
    self.minor = minor
    self.inode = inode
    self.protection = protection
    self.buildID = buildID
    self.path = path
  }
}

/// A thread that begins or ends; a process when its thread has the same number.
public struct PerfTask: Hashable, Sendable {
  public var pid: UInt32
  public var parentPID: UInt32
  public var tid: UInt32
  public var parentTID: UInt32

  public init(pid: UInt32, parentPID: UInt32, tid: UInt32, parentTID: UInt32) {
    self.pid = pid
    self.parentPID = parentPID
    self.tid = tid
    self.parentTID = parentTID
  }
}

/// Which fields samples have: PERF_SAMPLE_*.
public struct PerfSampleFields: OptionSet, Hashable, Sendable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let instructionPointer = PerfSampleFields(rawValue: 1 << 0)
  public static let thread = PerfSampleFields(rawValue: 1 << 1)
  public static let time = PerfSampleFields(rawValue: 1 << 2)
  public static let callchain = PerfSampleFields(rawValue: 1 << 5)
  public static let cpu = PerfSampleFields(rawValue: 1 << 7)
  public static let period = PerfSampleFields(rawValue: 1 << 8)
  public static let userRegisters = PerfSampleFields(rawValue: 1 << 12)
  public static let userStack = PerfSampleFields(rawValue: 1 << 13)

  /// What records that are no samples have at their end.
  public static let stamp: PerfSampleFields = [.thread, .time, .cpu]
  public static let framePointers: PerfSampleFields = [
    .instructionPointer, .callchain, .period, .thread, .time, .cpu,
  ]
  public static let callFrames: PerfSampleFields = [.framePointers, .userRegisters, .userStack]
}

/// Kinds and marks of records: PERF_RECORD_*.
enum PerfRecordKind {
  static let lost: UInt32 = 2
  static let name: UInt32 = 3
  static let exit: UInt32 = 4
  static let throttle: UInt32 = 5
  static let fork: UInt32 = 7
  static let sample: UInt32 = 9
  static let map: UInt32 = 10
  static let lostSamples: UInt32 = 13
  static let contextSwitch: UInt32 = 14
  static let contextSwitchOnCPU: UInt32 = 15

  static let isExec: UInt16 = 1 << 13
  static let isOut: UInt16 = 1 << 13
  static let isPreempted: UInt16 = 1 << 14
  static let hasBuildID: UInt16 = 1 << 14
}
