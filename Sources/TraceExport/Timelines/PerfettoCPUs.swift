internal import TraceEvents

/// The thread that runs on each CPU, by the switches written so far.
///
/// Perfetto compares the thread that a switch leaves with the one that the CPU's last switch chose,
/// and reports a loss of data where they differ. A trace lacks one side of a switch where events
/// were lost, and where a thread was found while it ran.
struct PerfettoCPUs {
  /// A thread of a switch. Number 0 stands for all threads that are not recorded.
  struct Thread: Equatable {
    static let unrecorded = Thread(tid: 0, name: "")

    var tid: UInt32
    var name: String
  }

  /// The content of a `sched_switch`.
  struct Change: Equatable {
    var from: Thread
    var to: Thread
    /// The kernel's bits of the state in which `from` is left.
    var state: UInt64
  }

  private var running: [UInt16: Thread] = [:]

  /// Returns the switch to a thread. A recorded thread that has not ended is left in a wait.
  mutating func begin(_ thread: Thread, on cpu: UInt16) -> Change {
    let last = running.updateValue(thread, forKey: cpu) ?? .unrecorded
    return Change(
      from: last, to: thread, state: last.tid == 0 ? 0 : ThreadState.unknown.kernelBits)
  }

  /// Returns the missing switch to a thread that is about to leave a CPU, if the CPU's last switch
  /// chose another one: the thread then shows for no time. Nothing is missing before the CPU's
  /// first switch.
  mutating func beginIfMissing(_ thread: Thread, on cpu: UInt16) -> Change? {
    guard let last = running[cpu], last.tid != thread.tid else { return nil }
    return begin(thread, on: cpu)
  }

  /// Returns the switch away from a thread.
  mutating func end(_ thread: Thread, on cpu: UInt16, _ state: UInt64) -> Change {
    running[cpu] = .unrecorded
    return Change(from: thread, to: .unrecorded, state: state)
  }
}

extension ThreadState {
  /// The kernel's bits of a state in sched_switch. A wait of unknown kind counts as interruptible.
  var kernelBits: UInt64 {
    switch self {
    case .runnable: 0
    case .uninterruptible: 2
    case .stopped: 4
    case .traced: 8
    case .dead: 16
    case .idle: 128
    default: 1
    }
  }
}
