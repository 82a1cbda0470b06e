/// Marks of a map's state by address, which show whether an earlier answer still holds.
///
/// A mark is a hash of the numbers of all announcements that may have affected the address, in the
/// order in which the map has received them. Two maps that have received the same ones in the same
/// order have the same mark, so that an answer from one also holds in the other.
///
/// Pages with the same hash share a mark, and so do processes whose pids have the same low bits. An
/// answer may therefore be looked up again needlessly, but an outdated one is not kept: marks have
/// 64 bits, and the numbers are not those of the trace.
struct ChangeMarks {
  private static let pageShift: UInt64 = 12
  private static let bits: UInt64 = 14
  /// Maximum number of pages of a change; a larger one counts as a change of all addresses.
  private static let pagesMax: UInt64 = 64

  /// Mark of all changes at any address.
  private(set) var all: UInt64 = 0
  private var ofAll: UInt64 = 0
  private var ofPages = [UInt64](repeating: 0, count: 1 << Int(bits))
  private var ofProcesses = [UInt64](repeating: 0, count: 1 << Int(processBits))

  private static let processBits: UInt64 = 10

  private static func place(_ pid: UInt32) -> Int { Int(pid & (1 << UInt32(processBits) - 1)) }

  private static func place(_ pid: UInt32, _ page: UInt64) -> Int {
    let hash = (page ^ UInt64(pid) &<< 40) &* 0x9e37_79b9_7f4a_7c15
    return Int(hash >> (64 - bits))
  }

  /// Returns the mark after one more change.
  private static func fold(_ mark: UInt64, _ serial: UInt64) -> UInt64 {
    var mixed = (mark ^ (mark >> 29)) &* 0xbf58_476d_1ce4_e5b9 &+ serial &* 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 32)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Returns the mark of an address in a process.
  func mark(_ pid: UInt32, _ address: UInt64) -> UInt64 {
    ofAll &+ ofProcesses[Self.place(pid)] &+ ofPages[Self.place(pid, address >> Self.pageShift)]
  }

  /// Returns the sum of the marks of a stack's addresses.
  func mark(_ stack: PendingStacks.Stack) -> UInt64 {
    let pid = stack.key.pid
    let ofOthers = ofAll &+ ofProcesses[Self.place(pid)]
    var sum: UInt64 = 0
    for frame in stack.frames where frame.isWatched {
      // A sum of products, so that changes of several frames do not cancel each other out.
      let page = ofPages[Self.place(pid, frame.address >> Self.pageShift)]
      sum = sum &* 0x9e37_79b9_7f4a_7c15 &+ page &+ ofOthers
    }
    return sum
  }

  mutating func noteAll(_ serial: UInt64) {
    ofAll = Self.fold(ofAll, serial)
    all = Self.fold(all, serial)
  }

  mutating func note(process pid: UInt32, _ serial: UInt64) {
    let place = Self.place(pid)
    // Marks keep the order of changes of one address, of its process and of all addresses.
    ofProcesses[place] = Self.fold(ofProcesses[place] ^ ofAll, serial)
    all = Self.fold(all, serial)
  }

  mutating func note(_ pid: UInt32, _ range: Range<UInt64>, _ serial: UInt64) {
    guard !range.isEmpty else { return }
    let first = range.lowerBound >> Self.pageShift
    let last = (range.upperBound - 1) >> Self.pageShift
    guard last - first < Self.pagesMax else { return noteAll(serial) }
    let ofOthers = ofAll &+ ofProcesses[Self.place(pid)]
    for page in first...last {
      let place = Self.place(pid, page)
      ofPages[place] = Self.fold(ofPages[place] ^ ofOthers, serial)
    }
    all = Self.fold(all, serial)
  }
}
