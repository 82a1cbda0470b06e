/// Finds processes whose exit records may be among those that the kernel dropped.
///
/// A loss starts a round over all known processes. A process that is gone is returned one step
/// later, because its exit record may be in a ring that was not read yet.
///
/// - Cost: one check per known process after a loss, in steps whose size the caller chooses.
struct MissedEnds {
  /// Whether records were lost since the last round began.
  var isWanted = false
  /// Processes not checked yet in this round.
  private var rest: [UInt32] = []
  /// Processes that were gone in the last step.
  private var gone: [UInt32] = []

  var isEmpty: Bool { !isWanted && rest.isEmpty && gone.isEmpty }

  /// Checks up to `limit` processes.
  ///
  /// - Parameters:
  ///   - known: returns the known processes; called when a round begins.
  ///   - hasEnded: returns whether a process is gone.
  /// - Returns: the processes that were gone in the previous step.
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
