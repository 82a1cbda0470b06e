internal import TraceEvents
internal import TraceFormat

/// Sums of waits and of delays by place, and lists of single waits; the numbers of all are limited.
struct WaitTally {
  static let waitsMax = 1 << 18
  static let wakersMax = 1 << 18
  /// Open waits kept in all, and of a process, and longest waits kept of a process.
  static let openMax = 1 << 16
  static let openOfProcessMax: UInt64 = 1000
  static let longestMax = 10

  /// Whether waits that have ended are summed; open ones are always kept.
  var keepsWaits = true
  /// Whether delays are summed.
  var keepsDelays = false
  private(set) var waits: [WaitRecord] = []
  private(set) var wakers: [WakerRecord] = []
  /// Times in which threads were runnable, by the place where they continue.
  private(set) var delays: [WaitRecord] = []
  private(set) var open: [SingleWait] = []
  /// Number of open waits by process, and the longest waits.
  private(set) var openCounts: [UInt32: UInt64] = [:]
  private(set) var longest: [UInt32: [SingleWait]] = [:]
  private(set) var isCut = false
  private var waitNumbers: [WaitRecord.Key: Int] = [:]
  private var wakerNumbers: [WakerRecord.Key: Int] = [:]
  private var delayNumbers: [WaitRecord.Key: Int] = [:]

  /// Adds the wait of a track that has just ended.
  mutating func add(
    _ number: Int, _ track: ThreadTrack, _ blocked: UInt64, _ wakeUp: ThreadTrack.WakeUp?
  ) {
    guard keepsWaits else { return }
    let key = WaitRecord.Key(
      track: UInt32(number), stack: track.stack.rawValue, state: track.waitState.rawValue)
    guard
      let wait = Self.number(of: key, in: &waitNumbers, next: waits.count, limit: Self.waitsMax)
    else { return isCut = true }
    if wait == waits.count { waits.append(WaitRecord(key: key, time: track.since)) }
    waits[wait].add(blocked)
    keepLongest(number, track, blocked)
    guard let wakeUp else { return }
    let wakerKey = WakerRecord.Key(
      wait: UInt32(wait), tid: wakeUp.tid, process: wakeUp.process, stack: wakeUp.stack.rawValue,
      context: wakeUp.context)
    guard
      let waker = Self.number(
        of: wakerKey, in: &wakerNumbers, next: wakers.count, limit: Self.wakersMax)
    else { return isCut = true }
    if waker == wakers.count { wakers.append(WakerRecord(key: wakerKey, time: wakeUp.time)) }
    wakers[waker].count += 1
    wakers[waker].total = wakers[waker].total.addingClamped(blocked)
  }

  /// Adds a time in which a thread was runnable.
  mutating func addDelay(_ number: Int, _ track: ThreadTrack, _ delay: UInt64, stack: StackID) {
    guard keepsDelays, stack != .none else { return }
    let key = WaitRecord.Key(track: UInt32(number), stack: stack.rawValue, state: 0)
    guard
      let place = Self.number(of: key, in: &delayNumbers, next: delays.count, limit: Self.waitsMax)
    else { return isCut = true }
    if place == delays.count { delays.append(WaitRecord(key: key, time: track.since)) }
    delays[place].add(delay)
  }

  /// Keeps a wait whose end is not known.
  mutating func keepOpen(_ number: Int, _ track: ThreadTrack, _ cause: ThreadReport.Open.Cause) {
    openCounts[track.processIndex, default: 0] += 1
    guard open.count < Self.openMax,
      openCounts[track.processIndex] ?? 0 <= Self.openOfProcessMax
    else { return }
    open.append(
      SingleWait(
        track: UInt32(number), start: track.since, duration: 0, stack: track.stack,
        state: track.waitState, cause: cause))
  }

  private static func number<Key: Hashable>(
    of key: Key, in numbers: inout [Key: Int], next: Int, limit: Int
  ) -> Int? {
    if let known = numbers[key] { return known }
    guard next < limit else { return nil }
    numbers[key] = next
    return next
  }

  private mutating func keepLongest(_ number: Int, _ track: ThreadTrack, _ blocked: UInt64) {
    let known = longest[track.processIndex]?.last?.duration ?? 0
    let isFull = longest[track.processIndex]?.count ?? 0 >= Self.longestMax
    guard blocked > 0, !isFull || blocked > known else { return }
    var all = longest.removeValue(forKey: track.processIndex) ?? []
    let place = all.firstIndex { $0.duration < blocked } ?? all.count
    all.insert(
      SingleWait(
        track: UInt32(number), start: track.since, duration: blocked, stack: track.stack,
        state: track.waitState), at: place)
    if all.count > Self.longestMax { all.removeLast() }
    longest[track.processIndex] = all
  }
}
