/// The content of one record of a perf ring. Bytes are borrowed from the record.
public enum PerfRecord {
  case sample(PerfSample)
  case map(PerfMap)
  /// A thread's name; `isExec` if it comes from an exec.
  case name(pid: UInt32, tid: UInt32, bytes: UnsafeRawBufferPointer, isExec: Bool)
  case fork(PerfTask)
  case exit(PerfTask)
  case contextSwitch(isOut: Bool, isPreempted: Bool)
  /// Number of dropped records of any kind.
  case lost(UInt64)
  case lostSamples(UInt64)
  case throttled
  /// A record that is not used, or of an unknown kind.
  case other
  /// A record whose length does not fit its kind.
  case malformed
}

/// The origin and time of a record.
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
  /// The sampled instruction's address (PERF_SAMPLE_IP).
  public var instructionPointer: UInt64
  /// The amount of the sampled event since the previous sample: nanoseconds of a clock, or cycles.
  public var period: UInt64
  /// Addresses and the kernel's marks, in the format of ``PerfCallchain``.
  public var callchain: UnsafeRawBufferPointer
  /// PERF_SAMPLE_REGS_ABI_*: 0 if the thread has no user-mode registers; then no registers follow.
  public var registersABI: UInt64
  /// One word for each bit of the requested mask.
  public var userRegisters: UnsafeRawBufferPointer
  /// The part of the stack's top that the kernel could copy.
  public var userStack: UnsafeRawBufferPointer
  /// The number of the event that wrote the sample (PERF_SAMPLE_IDENTIFIER); 0 without the field.
  public var identifier: UInt64 = 0
  /// A tracepoint's own record (PERF_SAMPLE_RAW).
  public var raw = UnsafeRawBufferPointer(start: nil, count: 0)

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

/// An executable mapping. Bytes are borrowed from the record.
public struct PerfMap {
  public var pid: UInt32
  public var tid: UInt32
  public var address: UInt64
  public var size: UInt64
  public var fileOffset: UInt64
  /// The device's major and minor numbers; 0 if the record has a build id.
  public var major: UInt32
  public var minor: UInt32
  public var inode: UInt64
  /// PROT_*.
  public var protection: UInt32
  /// Empty if the kernel found none.
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

/// A thread that begins or ends. It is a process if `tid` equals `pid`.
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

/// The fields that samples have: PERF_SAMPLE_*.
public struct PerfSampleFields: OptionSet, Hashable, Sendable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let instructionPointer = PerfSampleFields(rawValue: 1 << 0)
  public static let thread = PerfSampleFields(rawValue: 1 << 1)
  public static let time = PerfSampleFields(rawValue: 1 << 2)
  public static let callchain = PerfSampleFields(rawValue: 1 << 5)
  public static let cpu = PerfSampleFields(rawValue: 1 << 7)
  public static let period = PerfSampleFields(rawValue: 1 << 8)
  public static let raw = PerfSampleFields(rawValue: 1 << 10)
  public static let userRegisters = PerfSampleFields(rawValue: 1 << 12)
  public static let userStack = PerfSampleFields(rawValue: 1 << 13)
  public static let identifier = PerfSampleFields(rawValue: 1 << 16)

  /// The fields at the end of records that are not samples.
  public static let stamp: PerfSampleFields = [.thread, .time, .cpu]
  public static let framePointers: PerfSampleFields = [
    .instructionPointer, .callchain, .period, .thread, .time, .cpu,
  ]
  public static let callFrames: PerfSampleFields = [.framePointers, .userRegisters, .userStack]
  /// The additional fields if rings have samples of several events.
  public static let ofSwitches: PerfSampleFields = [.identifier, .raw]
}

/// Kinds and flags of records: PERF_RECORD_*.
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
