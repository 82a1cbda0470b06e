/// Who makes a session keep something: a process, and the user it belongs to.
struct BudgetHolder: Hashable {
  var user: UInt32
  /// Tells processes apart, those too that have the same number one after the other.
  var process: UInt64
}

/// How much of one thing processes may make a session keep: each process, each user's together, and
/// all together.
///
/// A user may have half of what other users leave, and a process a quarter of what its user's other
/// processes leave, up to seven eighths of it: the rest is for processes that take little. However
/// many are greedy, something is left for the next user and the next process. Where all processes
/// are one user's, the user may have all.
struct Budget {
  /// Whose bound was met.
  enum Bound: Hashable { case process, user, session }

  let total: Int
  /// Of one process, however little the others take.
  let processMax: Int
  /// Whether processes of several users may come.
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

  /// The bound that `amount` more would exceed; nil when it is within all.
  func bound(on amount: Int, for holder: BudgetHolder) -> Bound? {
    let (own, users) = (taken(by: holder), taken(byUser: holder.user))
    let userRoom = isShared ? (total - (taken - users)) / 2 : total
    let greedy = (userRoom - userRoom / 8 - (users - own)) / 4
    let modest = max(1, userRoom / 1024)
    if own + amount > min(processMax, max(greedy, modest)) { return .process }
    if users + amount > userRoom { return isShared ? .user : .session }
    return nil
  }

  /// Takes it; or else gives the bound that it would exceed, and takes nothing.
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
