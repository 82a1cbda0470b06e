internal import TraceEvents
internal import TraceFormat

/// Counts the exceptions of one process, in order of time.
struct ExceptionCounts {
  /// Maximum number of groups of a process; further exceptions count by type only.
  static let groupsMax = 10_000
  /// Maximum number of methods and stacks counted for a group.
  static let placesMax = 1000
  /// Maximum number of pending throws of a thread.
  static let pendingMax = 64
  static let threadsMax = 1 << 16
  /// Pattern of the exceptions without a group of their own.
  static let otherMessages = "(other messages)"
  static let otherTypes = "(other types)"

  struct Key: Hashable {
    var type: String
    var pattern: String
  }

  struct Group {
    var report: ExceptionReport.Group
    var throwers: [String: UInt64] = [:]
    var catchers: [String: UInt64] = [:]
    /// Number and first time of each stack.
    var stacks: [StackID: (count: UInt64, time: Int64)] = [:]
  }

  /// The beginning of time lines.
  private let start: Int64
  private(set) var timeLine: TimeLine
  private(set) var groups: [Group] = []
  private(set) var hasCatches = false
  private(set) var caughtWithoutThrow: UInt64 = 0
  private(set) var isCut = false
  private var numbers: [Key: Int] = [:]
  /// Groups of the throws of each thread that have not been caught, latest last.
  private var pending: [UInt32: [Int]] = [:]

  /// - Parameter selection: the time that is covered; nil for all.
  init(selection: ClosedRange<Int64>? = nil) {
    start = max(selection?.lowerBound ?? 0, 0)
    timeLine = TimeLine(from_ns: start)
  }

  var isEmpty: Bool { groups.isEmpty && !hasCatches }

  mutating func thrown(_ event: ExceptionThrown, _ header: EventHeader) {
    let number = group(event, at: header.timestamp)
    if event.exceptionFlags.rawValue & ExceptionFlags.reThrown.rawValue != 0 {
      groups[number].report.rethrown += 1
    } else {
      groups[number].report.thrown += 1
    }
    groups[number].report.last_ns = header.timestamp
    groups[number].report.timeLine.add(at: header.timestamp)
    timeLine.add(at: header.timestamp)
    Self.count(event.methodName, in: &groups[number].throwers)
    if header.stack != .none { addStack(header, to: number) }
    guard pending[header.tid] != nil || pending.count < Self.threadsMax else {
      isCut = true
      return
    }
    pending[header.tid, default: []].append(number)
    if pending[header.tid]?.count ?? 0 > Self.pendingMax { pending[header.tid]?.removeFirst() }
  }

  /// A handler is that of the thread's latest throw of the same type that has none yet.
  mutating func caught(_ event: ExceptionCaught, _ header: EventHeader) {
    hasCatches = true
    let open = pending[header.tid] ?? []
    let place = open.lastIndex {
      event.exceptionType.isEmpty || groups[$0].report.type == event.exceptionType
    }
    guard let place else {
      caughtWithoutThrow += 1
      return
    }
    let number = open[place]
    // Throws after it have ended without a handler: the exception has left their methods.
    pending[header.tid]?.removeSubrange(place...)
    groups[number].report.caught = (groups[number].report.caught ?? 0) + 1
    Self.count(event.methodName, in: &groups[number].catchers)
  }

  /// Called when events of the process may have been lost: a later handler may be that of a throw
  /// that is missing.
  mutating func forgetPending() { pending = [:] }

  private mutating func group(_ event: ExceptionThrown, at time: Int64) -> Int {
    var key = Key(type: event.exceptionType, pattern: MessagePattern.of(event.exceptionMessage))
    if let known = numbers[key] { return known }
    if groups.count >= Self.groupsMax {
      isCut = true
      key.pattern = Self.otherMessages
      if numbers[key] == nil, groups.count >= 2 * Self.groupsMax { key.type = Self.otherTypes }
      if let known = numbers[key] { return known }
    }
    numbers[key] = groups.count
    groups.append(
      Group(
        report: ExceptionReport.Group(
          type: key.type, pattern: key.pattern, message: event.exceptionMessage, first_ns: time,
          last_ns: time, timeLine: TimeLine(from_ns: start))))
    return groups.count - 1
  }

  private static func count(_ name: String, in counts: inout [String: UInt64]) {
    guard !name.isEmpty, counts[name] != nil || counts.count < placesMax else { return }
    counts[name, default: 0] += 1
  }

  private mutating func addStack(_ header: EventHeader, to number: Int) {
    if groups[number].stacks[header.stack] == nil,
      groups[number].stacks.count >= Self.placesMax
    {
      return
    }
    groups[number].stacks[header.stack, default: (0, header.timestamp)].count += 1
  }
}
