/// The process, and its user, for which a session keeps data.
struct BudgetHolder: Hashable {
  var user: UInt32
  /// Identifies the process; distinguishes processes that have the same pid one after the other.
  var process: UInt64
}

/// Limits the amount of one resource that a session keeps for processes: for each process, for all
/// processes of a user, and in total.
///
/// A user may use half of what other users leave. A process may use a quarter of what its user's
/// other processes leave of seven eighths of that; the last eighth is for processes that use
/// little. Whatever the others use, something is therefore left for the next user and the next
/// process. If all processes belong to one user, the user may use everything.
struct Budget {
  /// The limit that was reached.
  enum Bound: Hashable { case process, user, session }

  let total: Int
  /// The maximum for one process, however little the others use.
  let processMax: Int
  /// Whether processes of several users may connect.
  let isShared: Bool
  private(set) var taken = 0
  private var byUser: [UInt32: Int] = [:]
  private var byHolder: [BudgetHolder: Int] = [:]

  init(total: Int, processMax: Int, isShared: Bool) {
    self.total = total
    self.processMax = processMax
    self.isShared = isShared
  }

  func taken(by holder: BudgetHolder) -> Int { byHolder[holder] ?? 0 }
  func taken(byUser user: UInt32) -> Int { byUser[user] ?? 0 }

  /// The limit that `amount` more would exceed; nil if none.
  func bound(on amount: Int, for holder: BudgetHolder) -> Bound? {
    let (own, users) = (taken(by: holder), taken(byUser: holder.user))
    let userRoom = isShared ? (total - (taken - users)) / 2 : total
    let greedy = (userRoom - userRoom / 8 - (users - own)) / 4
    let modest = max(1, userRoom / 1024)
    if own + amount > min(processMax, max(greedy, modest)) { return .process }
    if users + amount > userRoom { return isShared ? .user : .session }
    return nil
  }

  /// Takes `amount`, or returns the limit that it would exceed and takes nothing.
  mutating func take(_ amount: Int, for holder: BudgetHolder) -> Bound? {
    if let bound = bound(on: amount, for: holder) { return bound }
    taken += amount
    byUser[holder.user, default: 0] += amount
    byHolder[holder, default: 0] += amount
    return nil
  }

  mutating func giveBack(_ amount: Int, of holder: BudgetHolder) {
    guard amount > 0 else { return }
    taken -= amount
    byUser[holder.user] = Self.less(byUser[holder.user], amount)
    byHolder[holder] = Self.less(byHolder[holder], amount)
  }

  private static func less(_ value: Int?, _ amount: Int) -> Int? {
    let rest = (value ?? 0) - amount
    return rest > 0 ? rest : nil
  }
}
