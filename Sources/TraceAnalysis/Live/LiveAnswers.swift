/// The announcements that answer a lookup, and when it is made. Each phase has its own cached
/// answers, because the times of its lookups ascend by themselves.
enum LookupPhase: Int {
  /// From the announcements so far, as long as the time is within the hold window.
  case early
  /// From the settled ones, when the time is settled.
  case settled
  /// From the settled ones, when names become final, or later.
  case closing
  static let count = 3
}

/// An answer, and the times around the lookup's for which it holds.
struct TimedAnswer {
  var resolution: Resolution
  var from: Int64
  var until: Int64
}

/// The answers for a stack's frames, the times for which they hold, and the counts of the changes
/// that were known when they were made.
struct CachedAnswer {
  var answer: StackAnswer
  var from: Int64
  var until: Int64
  /// Change count of the whole map when the answer was last found to hold.
  var allChanges: UInt64 = 0
  /// Sum of the change counts of the frames' addresses.
  var changes: UInt64 = 0
  /// ``LiveNaming/turns`` when the answer was made.
  var turn: UInt64
}

/// The answer for one address, and what it was made from.
struct PlaceAnswer {
  var answer = TimedAnswer(
    resolution: .unresolved(.neverAnnounced, module: nil), from: .max, until: .min)
  /// Change count of the address.
  var changes = UInt64.max
  /// ``LiveNaming/turns``.
  var turn: UInt64 = 0

  /// Whether the answer holds for a time. One without a name must be of this turn.
  func holds(at time: Int64, changes: UInt64, turn: UInt64) -> Bool {
    self.changes == changes && answer.from <= time && time < answer.until
      && (self.turn == turn || answer.resolution.symbolID != nil)
  }
}

/// Change counts of a map by address, which show whether an earlier answer still holds.
///
/// Pages with the same hash share a count, and so do processes whose pids have the same low bits.
/// An answer may therefore be looked up again needlessly, but an outdated one is never kept.
struct ChangeCounts {
  private static let pageShift: UInt64 = 12
  private static let bits: UInt64 = 14
  /// Maximum number of pages of a change; a larger one counts as a change of all addresses.
  private static let pagesMax: UInt64 = 64

  /// Number of changes at any address.
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

  /// Returns the number of changes that may have affected the address; it never decreases.
  func count(_ pid: UInt32, _ address: UInt64) -> UInt64 {
    ofAll &+ ofProcesses[Self.place(pid)] &+ ofPages[Self.place(pid, address >> Self.pageShift)]
  }

  /// Returns the sum of the counts of a stack's addresses.
  func count(_ stack: PendingStacks.Stack) -> UInt64 {
    let pid = stack.key.pid
    var sum: UInt64 = 0
    for frame in stack.frames where frame.isWatched { sum &+= count(pid, frame.address) }
    return sum
  }

  mutating func noteAll() {
    ofAll += 1
    all += 1
  }

  mutating func note(process pid: UInt32) {
    ofProcesses[Self.place(pid)] += 1
    all += 1
  }

  mutating func note(_ pid: UInt32, _ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    let first = range.lowerBound >> Self.pageShift
    let last = (range.upperBound - 1) >> Self.pageShift
    guard last - first < Self.pagesMax else { return noteAll() }
    for page in first...last { ofPages[Self.place(pid, page)] += 1 }
    all += 1
  }
}
