internal import TraceEvents
internal import TraceFormat

/// What threads did one after another, in the selected time.
///
/// - Cost: 40 bytes for each stretch of a thread's life in one state, and 24 for each wake-up; at
///   most ``stretchesMax`` stretches.
struct ThreadHistory {
  static let stretchesMax = 1 << 22

  /// A time that a thread spent in one state.
  struct Stretch {
    var track: UInt32
    var state: ThreadTrack.State
    var waitState: UInt8
    var from: Int64
    var to: Int64
    var stack: UInt32
    /// Position in ``wakeUps``; ``noWakeUp`` if there is none.
    var wakeUp: UInt32

    static let noWakeUp = UInt32.max
  }

  let limit: Int
  let time: ClosedRange<Int64>?
  private(set) var stretches: [Stretch] = []
  private(set) var wakeUps: [ThreadTrack.WakeUp] = []
  private(set) var isCut = false

  init(_ time: ClosedRange<Int64>?, limit: Int = stretchesMax) {
    (self.time, self.limit) = (time, limit)
  }

  /// Adds the time since the track's last change.
  mutating func add(
    _ number: Int, _ state: ThreadTrack.State, _ track: ThreadTrack, to end: Int64, stack: StackID,
    _ wakeUp: ThreadTrack.WakeUp?
  ) {
    guard end > track.since else { return }
    if let time { guard time.lowerBound < end, track.since < time.upperBound else { return } }
    guard stretches.count < limit else { return isCut = true }
    var position = Stretch.noWakeUp
    if let wakeUp {
      position = UInt32(wakeUps.count)
      wakeUps.append(wakeUp)
    }
    stretches.append(
      Stretch(
        track: UInt32(number), state: state, waitState: track.waitState.rawValue,
        from: track.since, to: end, stack: stack.rawValue, wakeUp: position))
  }
}
