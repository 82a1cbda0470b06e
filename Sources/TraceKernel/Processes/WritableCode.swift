/// Detects remapped memory that is both writable and executable, in which processes generate code.
///
/// The kernel reports a mapping when it is created, when its protection changes, and when it grows
/// by merging with an adjacent one, but not when it is removed. An identical report with the same
/// protection means that the memory was mapped again in between, because setting the same
/// protection reports nothing. Possibly only a part of it was remapped, so the previous code may
/// still exist.
struct WritableCode {
  private struct Mapping: Hashable {
    var start: UInt64
    var end: UInt64
    var protection: UInt32
    var fileOffset: UInt64
    var device: UInt64
    var inode: UInt64
  }

  enum Change: Hashable {
    case none
    /// The memory may have been remapped.
    case mayBeNew
    /// The address range contains other memory.
    case isNew
  }

  /// PROT_WRITE and PROT_EXEC.
  private static let writableCode: UInt32 = 0x2 | 0x4
  /// Maximum numbers of mappings kept for one process, and of processes; such mappings are rare.
  private static let mappingsMax = 4096
  private static let processesMax = 4096

  private var processes: [UInt32: [UInt64: Mapping]] = [:]

  mutating func map(_ map: PerfMap) -> Change {
    let mapping = Mapping(
      start: map.address, end: map.address &+ map.size, protection: map.protection,
      fileOffset: map.fileOffset,
      device: ProcessMaps.device(major: map.major, minor: map.minor), inode: map.inode)
    let known = processes[map.pid]?[map.address]
    let isWritable = map.protection & Self.writableCode == Self.writableCode
    guard known != nil || isWritable else { return .none }
    if processes.count < Self.processesMax || processes[map.pid] != nil,
      known != nil || processes[map.pid]?.count ?? 0 < Self.mappingsMax
    {
      processes[map.pid, default: [:]][map.address] = mapping
    }
    guard let known else { return .none }
    if known.inode != mapping.inode || known.device != mapping.device { return .isNew }
    return known == mapping && isWritable ? .mayBeNew : .none
  }

  mutating func fork(_ pid: UInt32, from parent: UInt32) {
    processes[pid] = processes.count < Self.processesMax ? processes[parent] : nil
  }

  mutating func forget(_ pid: UInt32) { processes[pid] = nil }
}
