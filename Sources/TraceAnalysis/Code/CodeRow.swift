/// One life of a piece of code (or of a mapped image) at its addresses.
///
/// Compact, because a trace may have a million.
struct CodeRow: BitwiseCopyable {
  var start: UInt64
  /// First address after it.
  var end: UInt64
  /// Nanoseconds; .min when nothing else is known to have been there before.
  var from: Int64
  /// First nanosecond that it was gone; .max while it lives.
  var until: Int64
  /// When the last of what was in its range before had gone: it cannot have been there earlier.
  var formerEnd: Int64
  /// How long before `from` it may have come at the earliest: nanoseconds, at most 4.29 s.
  var beginDoubt: UInt32 = 0
  /// How long before `until` it may have gone at the earliest.
  var endDoubt: UInt32 = 0
  /// The runtime's handle for the code, 0 where there is none; of an image the file offset.
  var identity: UInt64
  /// The symbol; of an image the module.
  var symbol: UInt32
  var traits: Traits

  struct Traits: OptionSet {
    var rawValue: UInt16
    /// Nobody lives here: what did was gone at `from`. Its life is empty.
    static let tombstone = Traits(rawValue: 1)
    /// A mapping without code of its own: anonymous memory, where compiled code may lie.
    static let anonymous = Traits(rawValue: 2)
    /// Only its end was announced.
    static let unloadOnly = Traits(rawValue: 4)
    /// It came soon after only the end of the very same had been announced: maybe that life's
    /// announcement, which was on its way.
    static let doubtful = Traits(rawValue: 8)
    /// Its own end was announced; without, something else took its place.
    static let unloaded = Traits(rawValue: 16)
    /// Its end is none that was announced: it may live on, until something else is there.
    static let doubted = Traits(rawValue: 32)
  }

  static let none = UInt32.max

  /// The earliest time at which it may have been there.
  var earliest: Int64 { from.earlier(by: Int64(beginDoubt)) }

  /// From here on it may have been gone.
  var doubtedFrom: Int64 { until.earlier(by: Int64(endDoubt)) }

  /// Sets the end, and how long before that it may have been.
  mutating func end(at time: Int64, doubt: UInt32 = 0) {
    until = time
    endDoubt = UInt32(clamping: min(Int64(doubt), time.distance(after: from)))
  }

  var isLive: Bool { until == .max }
  var isTombstone: Bool { traits.contains(.tombstone) }
  /// Whether it can give a name.
  var isNamed: Bool { traits.isDisjoint(with: [.tombstone, .anonymous]) }

  /// Whether an end or a move means this: the same start, and the same handle where both have one,
  /// else the same size.
  func isSame(as code: CodeAnnouncement) -> Bool {
    guard start == code.start, !isTombstone else { return false }
    return identity != 0 && code.identity != 0 ? identity == code.identity : end == code.end
  }
}

/// A piece of code as it was announced.
struct CodeAnnouncement {
  var start: UInt64
  var size: UInt64
  var identity: UInt64 = 0
  var symbol: UInt32
  var traits: CodeRow.Traits = []
  /// How long before the time that is told it may have come at the earliest (nanoseconds).
  var doubt: UInt32 = 0

  /// What is said to be empty has at least its first byte; what would run over the end of the
  /// address space ends there.
  var end: UInt64 {
    let (sum, overflow) = start.addingReportingOverflow(max(size, 1))
    return overflow ? .max : sum
  }
}
