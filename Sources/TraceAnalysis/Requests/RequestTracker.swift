/// What all processes' requests may take together; beyond it, the report is partial.
final class RequestBudget {
  static let pendingMax = 1 << 18
  static let groupsMax = 10_000
  static let durationsMax = 16 << 20

  var pending = 0
  var groups = 0
  var durations = 0
  /// Whether a limit was reached.
  private(set) var isExceeded = false

  /// Takes one from a budget; false if nothing is left.
  func take(_ used: ReferenceWritableKeyPath<RequestBudget, Int>, of limit: Int) -> Bool {
    guard self[keyPath: used] < limit else {
      isExceeded = true
      return false
    }
    self[keyPath: used] += 1
    return true
  }
}

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

  let firstEvent: Int64
  private let selection: ReportSelection
  private let budget: RequestBudget
  private(set) var pending: [Key: Pending] = [:]
  private(set) var groups: [GroupKey: [UInt64]] = [:]
  private(set) var slowest: SlowestRequests
  private(set) var open: [RequestReport.Open] = []
  private(set) var openCount = 0
  private(set) var stopsWithoutStart = 0

  init(
    firstEvent: Int64, _ selection: ReportSelection, slowestMax: Int, _ budget: RequestBudget
  ) {
    (self.firstEvent, self.selection, self.budget) = (firstEvent, selection, budget)
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
    guard open.count < RequestReport.Process.openMax else { return }
    open.append(
      RequestReport.Open(
        provider: key.kind.provider, activity: key.kind.name, name: begun.name, id: key.id.text,
        start_ns: begun.begin, reason: reason))
  }
}

/// The slowest requests so far.
struct SlowestRequests {
  let limit: Int
  /// Twice the limit at most; only the slowest, in order, after ``sort()``.
  private(set) var requests: [RequestReport.Request] = []
  /// The shortest duration that may still belong to the slowest.
  private var threshold: UInt64 = 0

  init(limit: Int) { self.limit = limit }

  mutating func add(_ request: @autoclosure () -> RequestReport.Request) {
    guard limit > 0 else { return }
    let new = request()
    guard new.duration_ns >= threshold else { return }
    requests.append(new)
    if requests.count >= 2 * limit { sort() }
  }

  mutating func sort() {
    requests.sort { ($1.duration_ns, $0.start_ns) < ($0.duration_ns, $1.start_ns) }
    requests.removeLast(max(0, requests.count - limit))
    if requests.count == limit { threshold = requests[limit - 1].duration_ns }
  }
}
