/// Pairs the start and stop events of one process.
struct RequestTracker {
  /// Bytes of a name that are kept.
  static let nameBytesMax = 200

  struct Key: Hashable {
    let kind: ActivityKind
    let id: ActivityID
  }

  struct GroupKey: Hashable {
    let kind: ActivityKind
    let name: String
  }

  struct Pending {
    let name: String
    let begin: Int64
    let thread: UInt32
  }

  private let selection: ReportSelection
  private let budget: RequestBudget
  private(set) var pending: [Key: Pending] = [:]
  private(set) var groups: [GroupKey: [UInt64]] = [:]
  private(set) var slowest: SlowestRequests
  private(set) var open: [RequestReport.Open] = []
  private(set) var openCount = 0
  private(set) var stopsWithoutStart = 0

  init(_ selection: ReportSelection, slowestMax: Int, _ budget: RequestBudget) {
    (self.selection, self.budget) = (selection, budget)
    slowest = SlowestRequests(limit: slowestMax)
  }

  mutating func start(_ key: Key, _ name: String, thread: UInt32, at time: Int64) {
    if let earlier = pending[key] {
      addOpen(key, earlier, .startedAgain)
    } else if !budget.take(\.pending, of: RequestBudget.pendingMax) {
      return
    }
    pending[key] = Pending(name: name, begin: time, thread: thread)
  }

  /// - Parameter isWhole: whether no event between two times was lost.
  mutating func stop(
    _ key: Key, thread: UInt32, at time: Int64, isWhole: (Int64, Int64) -> Bool
  ) {
    guard let begun = pending.removeValue(forKey: key) else {
      if selection.admits(time: time) { stopsWithoutStart += 1 }
      return
    }
    budget.pending -= 1
    guard isWhole(begun.begin, time) else { return addOpen(key, begun, .eventsMissing) }
    guard selection.admits(time: begun.begin) else { return }
    let duration = UInt64(clamping: time.subtractingClamped(begun.begin))
    add(duration, GroupKey(kind: key.kind, name: begun.name))
    slowest.add(
      duration,
      RequestReport.Request(
        provider: key.kind.provider, activity: key.kind.name, name: begun.name, id: key.id.text,
        start_ns: begun.begin, duration_ns: duration, startThread: begun.thread,
        stopThread: thread))
  }

  private mutating func add(_ duration: UInt64, _ key: GroupKey) {
    guard budget.take(\.durations, of: RequestBudget.durationsMax) else { return }
    var group = key
    if groups[key] == nil, !budget.take(\.groups, of: RequestBudget.groupsMax) {
      group = GroupKey(kind: key.kind, name: RequestReport.Group.others)
    }
    groups[group, default: []].append(duration)
  }

  mutating func addOpen(_ key: Key, _ begun: Pending, _ reason: RequestReport.Open.Reason) {
    guard selection.admits(time: begun.begin) else { return }
    openCount += 1
    guard open.count < RequestReport.Process.openMax,
      budget.take(\.open, of: RequestBudget.openMax)
    else { return }
    open.append(
      RequestReport.Open(
        provider: key.kind.provider, activity: key.kind.name, name: begun.name, id: key.id.text,
        start_ns: begun.begin, reason: reason))
  }
}
