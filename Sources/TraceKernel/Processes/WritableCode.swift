/// Memory of processes that is writable and executable at once, where code is made at run time:
/// what of it has been mapped anew.
///
/// The kernel reports a mapping when it is made, when its protection becomes another, and when it
/// grows together with a neighbour; never when it goes. The same mapping with the same protection
/// is reported again only when it was made anew in between, since setting what is set already
/// reports nothing. But only a part of it may have been: so what lived there may live there still.
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
    /// It may be another, made anew.
    case mayBeNew
    /// Other memory is there.
    case isNew
  }

  /// PROT_WRITE and PROT_EXEC.
  private static let writableCode: UInt32 = 0x2 | 0x4
  /// More mappings of one process are not kept, nor more processes: these are rare.
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
