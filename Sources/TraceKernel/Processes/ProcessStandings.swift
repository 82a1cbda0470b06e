/// What most records need of their process, by pid: a direct-mapped cache in front of the table.
///
/// - Guarantee: an answer is the one of the table, if each change of a process is followed by
///   ``forget(_:)``.
/// - Cost: 4 KB. A hit takes no hash, and copies none of the process's strings.
struct ProcessStandings {
  struct Standing {
    /// The session's number; nil until an event of the process is recorded.
    var index: UInt32?
    /// Whether its events are recorded.
    var isAdmitted: Bool
  }

  private struct Slot {
    /// The pid; `noPID` for an unused slot.
    var pid = noPID
    /// Nil for an unknown process.
    var standing: Standing?
  }

  /// No pid has more than 32 bits.
  private static let noPID = UInt64.max
  private static let slotCount = 256

  private var slots = [Slot](repeating: Slot(), count: slotCount)

  /// Returns the cached standing, or the table's, which it then keeps.
  mutating func find(_ pid: UInt32, table: () -> Standing?) -> Standing? {
    let place = Int(pid) & (Self.slotCount - 1)
    if slots[place].pid == UInt64(pid) { return slots[place].standing }
    let standing = table()
    slots[place] = Slot(pid: UInt64(pid), standing: standing)
    return standing
  }

  mutating func forget(_ pid: UInt32) {
    let place = Int(pid) & (Self.slotCount - 1)
    if slots[place].pid == UInt64(pid) { slots[place] = Slot() }
  }
}
