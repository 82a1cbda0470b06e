/// What the kernel says in one record of a perf ring. Bytes are borrowed from the record.
enum PerfRecord {
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
struct PerfStamp: Hashable {
  var pid: UInt32 = 0
  var tid: UInt32 = 0
  /// CLOCK_MONOTONIC.
  var nanoseconds: UInt64 = 0
  var cpu: UInt32 = 0
}

struct PerfSample {
  var address: UInt64 = 0
  /// What of the event has passed since the sample before: nanoseconds of a clock, or cycles.
  var period: UInt64 = 0
  /// Addresses and the kernel's marks among them, as ``PerfCallchain`` reads them.
  var callchain = UnsafeRawBufferPointer(start: nil, count: 0)
  /// PERF_SAMPLE_REGS_ABI_*: 0 when the thread was in no user code, then no registers follow.
  var registersABI: UInt64 = 0
  /// One word for each bit of the mask that was asked for.
  var userRegisters = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The stack's top, only what the kernel could copy.
  var userStack = UnsafeRawBufferPointer(start: nil, count: 0)
}

struct PerfMap {
  var pid: UInt32
  var tid: UInt32
  var address: UInt64
  var size: UInt64
  var fileOffset: UInt64
  /// 0 where the record has a build id.
  var major: UInt32
  var minor: UInt32
  var inode: UInt64
  /// PROT_*.
  var protection: UInt32 = 0
  /// Empty where the kernel found none.
  var buildID: UnsafeRawBufferPointer
  var path: UnsafeRawBufferPointer
}

/// A thread that begins or ends; a process when its thread has the same number.
struct PerfTask: Hashable {
  var pid: UInt32
  var parentPID: UInt32
  var tid: UInt32
  var parentTID: UInt32
}

/// Which fields samples have: PERF_SAMPLE_*.
struct PerfSampleFields: OptionSet, Hashable {
  var rawValue: UInt64

  static let address = PerfSampleFields(rawValue: 1 << 0)
  static let thread = PerfSampleFields(rawValue: 1 << 1)
  static let time = PerfSampleFields(rawValue: 1 << 2)
  static let callchain = PerfSampleFields(rawValue: 1 << 5)
  static let cpu = PerfSampleFields(rawValue: 1 << 7)
  static let period = PerfSampleFields(rawValue: 1 << 8)
  static let userRegisters = PerfSampleFields(rawValue: 1 << 12)
  static let userStack = PerfSampleFields(rawValue: 1 << 13)

  /// What records that are no samples have at their end.
  static let stamp: PerfSampleFields = [.thread, .time, .cpu]
  static let framePointers: PerfSampleFields = [
    .address, .callchain, .period, .thread, .time, .cpu,
  ]
  static let callFrames: PerfSampleFields = [.framePointers, .userRegisters, .userStack]
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
