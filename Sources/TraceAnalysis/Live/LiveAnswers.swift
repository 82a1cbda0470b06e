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

/// The answers for a stack's frames, the times for which they hold, and the marks of the map from
/// which they were made.
struct CachedAnswer {
  var answer: StackAnswer
  var from: Int64
  var until: Int64
  /// Mark of the whole map when the answer was last found to hold.
  var allMark: UInt64 = 0
  /// Sum of the marks of the frames' addresses.
  var mark: UInt64 = 0
  /// ``LiveNaming/turns`` when the answer was made.
  var turn: UInt64
  /// Whether every frame's answer ``Resolution/isOfPresentCode``.
  var isOfPresentCode: Bool

  /// Whether the answer holds for a time. One without a name must be of this turn.
  func holds(at time: Int64, mark: UInt64, turn: UInt64) -> Bool {
    self.mark == mark && from <= time && time < until
      && (self.turn == turn || answer.unnamed.isEmpty)
  }
}

/// The answer for one address, and what it was made from.
struct PlaceAnswer {
  var answer = TimedAnswer(
    resolution: .unresolved(.neverAnnounced, module: nil), from: .max, until: .min)
  /// Mark of the address; nil if there is no answer yet.
  var mark: UInt64?
  /// ``LiveNaming/turns``.
  var turn: UInt64 = 0

  /// Whether the answer holds for a time. One without a name must be of this turn.
  func holds(at time: Int64, mark: UInt64, turn: UInt64) -> Bool {
    self.mark == mark && answer.from <= time && time < answer.until
      && (self.turn == turn || answer.resolution.symbolID != nil)
  }
}

extension Resolution {
  /// Whether the answer was made from something that was at the address, not from its absence.
  var isOfPresentCode: Bool {
    switch self {
    case .symbol: true
    case .unresolved(let reason, _):
      switch reason {
      case .imageNotFound, .buildIDDiffers, .noSymbol, .kernelHidden: true
      case .neverAnnounced, .announcedTooLate, .unloaded, .eventsLost: false
      }
    }
  }
}
