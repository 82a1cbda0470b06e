/// Processes whose exits may be among the records that the kernel had no room for.
///
/// A loss makes a round over all processes that are known. A process that is gone gets its end one
/// look later: its exit may stand in a ring that is not read yet.
///
/// - Cost: one question about each process after a loss, in steps of the caller's choice.
struct MissedEnds {
  /// Whether records were lost since the last round began.
  var isWanted = false
  /// Processes that this round has still to look at.
  private var rest: [UInt32] = []
  /// Processes that were gone at the last look.
  private var gone: [UInt32] = []

  var isEmpty: Bool { !isWanted && rest.isEmpty && gone.isEmpty }

  /// Looks at up to `limit` processes.
  ///
  /// - Parameters:
  ///   - known: the processes that are known; called where a round begins.
  ///   - hasEnded: whether a process is gone.
  /// - Returns: the processes that were gone at the last look already.
  mutating func look(
    limit: Int, known: () -> [UInt32], hasEnded: (UInt32) -> Bool
  ) -> [UInt32] {
    let ended = gone
    if rest.isEmpty, isWanted {
      isWanted = false
      rest = known()
    }
    gone = rest.suffix(limit).filter(hasEnded)
    rest.removeLast(min(limit, rest.count))
    return ended
  }
}
