/// One lifetime of a piece of code (or of a mapped image) at its addresses.
///
/// Compact, because a trace may have a million rows.
struct CodeRow: BitwiseCopyable {
  var start: UInt64
  /// First address after the code.
  var end: UInt64
  /// First time, in nanoseconds; .min if nothing else is known to have been there before.
  var from: Int64
  /// First nanosecond after the lifetime; .max while the code is live.
  var until: Int64
  /// End of the last earlier occupant of any part of the range: the row cannot begin before this.
  var formerEnd: Int64
  /// Uncertainty of `from`: the code may have been there this many nanoseconds earlier, at most
  /// 4.29 s.
  var beginDoubt: UInt32 = 0
  /// Uncertainty of `until`: the code may have gone this many nanoseconds earlier.
  var endDoubt: UInt32 = 0
  /// The runtime's handle for the code, 0 if none; for an image, the file offset.
  var identity: UInt64
  /// Symbol number; for an image, the module number.
  var symbol: UInt32
  var traits: Traits

  struct Traits: OptionSet {
    var rawValue: UInt16
    /// Marks an empty range: the former occupant was gone at `from`. The row's own lifetime is
    /// empty.
    static let tombstone = Traits(rawValue: 1)
    /// A mapping without code of its own: anonymous memory, which may contain compiled code.
    static let anonymous = Traits(rawValue: 2)
    /// Only the end of this code was announced.
    static let unloadOnly = Traits(rawValue: 4)
    /// The code was announced shortly after an end of identical code of which no beginning was
    /// known. It may be the delayed announcement of that earlier lifetime.
    static let doubtful = Traits(rawValue: 8)
    /// The end of this row was announced; otherwise, it ended because other code took its place.
    static let unloaded = Traits(rawValue: 16)
    /// The end was not announced: the code may be live until something else takes its place.
    static let doubted = Traits(rawValue: 32)
  }

  static let none = UInt32.max

  /// Earliest time at which the code may have been there.
  var earliest: Int64 { from.earlier(by: Int64(beginDoubt)) }

  /// Earliest time at which the code may have been gone.
  var doubtedFrom: Int64 { until.earlier(by: Int64(endDoubt)) }

  /// Sets the end and its uncertainty.
  mutating func end(at time: Int64, doubt: UInt32 = 0) {
    until = time
    endDoubt = UInt32(clamping: min(Int64(doubt), time.distance(after: from)))
  }

  var isLive: Bool { until == .max }
  var isTombstone: Bool { traits.contains(.tombstone) }
  /// Whether the row can provide a name.
  var isNamed: Bool { traits.isDisjoint(with: [.tombstone, .anonymous]) }

  /// Whether an end or a move refers to this row: it has the same start, and the same handle if
  /// both have one, otherwise the same size.
  func isSame(as code: CodeAnnouncement) -> Bool {
    guard start == code.start, !isTombstone else { return false }
    return identity != 0 && code.identity != 0 ? identity == code.identity : end == code.end
  }
}

/// A piece of code as announced.
struct CodeAnnouncement {
  var start: UInt64
  var size: UInt64
  var identity: UInt64 = 0
  var symbol: UInt32
  var traits: CodeRow.Traits = []
  /// Uncertainty of the announced time: the code may have been there this many nanoseconds earlier.
  var doubt: UInt32 = 0

  /// First address after the code. An empty range is extended to one byte; a range beyond the end
  /// of the address space is cut there.
  var end: UInt64 {
    let (sum, overflow) = start.addingReportingOverflow(max(size, 1))
    return overflow ? .max : sum
  }
}
