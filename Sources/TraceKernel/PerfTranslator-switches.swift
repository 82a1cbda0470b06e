internal import TraceEvents
internal import TraceFormat

/// The state and stack of a thread that is about to stop running on a CPU.
struct LeavingThread {
  var tid: UInt32
  var state: ThreadState
  var stack: [UInt64] = []

  mutating func forget() {
    (tid, state) = (.max, .unknown)
    stack.removeAll(keepingCapacity: true)
  }
}

/// Context switches and wake-ups.
extension PerfTranslator {
  /// Handles the record of a switch. The sample of the same switch, if any, precedes it in the
  /// ring.
  func contextSwitch(_ isOut: Bool, _ isPreempted: Bool, process: UInt32, _ moment: Moment) {
    knowThread(moment.tid)
    guard isOut else {
      return emit(ContextSwitch(direction: .on), process: process, moment)
    }
    var event = ContextSwitch(direction: isPreempted ? .preempted : .off)
    event.state = isPreempted ? .runnable : .unknown
    guard let ring = moment.ring, leaving[ring].tid == moment.tid else {
      return emit(event, process: process, moment)
    }
    // Another thread's wake-up may have come between the state's reading and the switch.
    if !isPreempted, leaving[ring].state != .runnable { event.state = leaving[ring].state }
    if leaving[ring].stack.isEmpty {
      emit(event, process: process, moment)
    } else {
      sink.add(event, stack: leaving[ring].stack, header(process, moment))
    }
    leaving[ring].forget()
  }

  /// Keeps the sample of a thread that stops running until the record of the switch.
  func leave(_ sample: PerfSample, pid: UInt32, _ moment: Moment) {
    guard let ring = moment.ring else { return }
    leaving[ring].forget()
    leaving[ring].tid = moment.tid
    leaving[ring].state = switches.layouts.state(in: sample.raw)
    if switches.haveStacks { stacks.append(followed: sample, pid: pid, to: &leaving[ring].stack) }
  }

  /// Handles a wake-up by a thread of any process; `process` is nil if its events are not recorded.
  func wake(_ sample: PerfSample, pid: UInt32, process: UInt32?, _ moment: Moment) {
    guard let event = switches.layouts.wakeUp(in: sample.raw) else {
      malformed += 1
      return
    }
    // An interrupt belongs to no program.
    let isOfProgram = process != nil && event.context == .thread
    guard isOfProgram || knownThreads.contains(event.threadID) else { return }
    stack.removeAll(keepingCapacity: true)
    if switches.haveStacks {
      if isOfProgram {
        stacks.append(followed: sample, pid: pid, to: &stack)
      } else {
        // Frames of other programs have no names, and those of interrupted code no meaning.
        PerfCallchain.append(sample.callchain, address: 0, to: &stack)
        if let user = stack.firstIndex(where: { !StackAddress.isKernel($0) }) {
          stack.removeSubrange(user...)
        }
      }
    }
    let header = header(process ?? ProcessNumbers.undefined, moment)
    if stack.isEmpty { sink.add(event, header) } else { sink.add(event, stack: stack, header) }
  }

  /// Whether a process that wakes threads is recorded; the idle thread is none.
  func recordsWaker(_ pid: UInt32) -> Bool {
    guard pid != 0, !switches.followThreads || processes.number(of: pid) != nil else {
      return false
    }
    return processes.admits(pid)
  }

  /// Notes a thread whose events are recorded.
  func knowThread(_ tid: UInt32) {
    if !kinds.isEmpty { knownThreads.insert(tid) }
  }
}
