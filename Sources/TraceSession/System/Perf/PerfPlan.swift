import CTraceShims
import Glibc
import TraceEvents
import TraceKernel
import TraceSymbols

/// The processes that the kernel's events follow.
enum PerfScope: Hashable {
  /// Processes that this thread starts from now on, from their exec.
  case children(ofThread: Int32)
  /// The same processes, through events of each CPU: every process is sampled, and descendants of
  /// those that this thread starts are recorded. With events of each thread, the kernel starts a
  /// thread's event with a full interval, so threads that run for less are hardly ever sampled.
  case descendants(ofThread: Int32)
  /// The threads of these processes, and the threads and processes that they start.
  case processes([UInt32])
  /// The same, and the descendants of these processes.
  case families([UInt32])
  case wholeMachine

  /// Whether events belong to threads, not to CPUs.
  var followsThreads: Bool {
    switch self {
    case .children, .processes, .families: true
    case .descendants, .wholeMachine: false
    }
  }
}

/// The events available on this machine, determined by opening one.
struct PerfPlan {
  var options: trace_perf_options
  var source: SampleSource
  var hasKernelFrames: Bool
  /// The events of switches and wake-ups; nil if they are not requested.
  private(set) var switches: PerfSwitchPlan?

  /// The requested events.
  struct Wish: Hashable {
    /// The CPU sampling; if nil, only process events and context switches.
    var sampling: CPUSampling?
    var contextSwitches = false
    /// Whether context switches and wake-ups have stacks.
    var switchStacks = false
    var scope: PerfScope
  }

  /// Finds the best permitted events for a thread (-1: all) on a CPU: cycles before the CPU clock,
  /// with kernel frames before without, maps with build ids before without.
  static func find(_ wish: Wish, pid: Int32, cpu: Int32) throws(PerfRefusal) -> PerfPlan {
    let sources: [SampleSource] =
      wish.sampling == nil ? [.cpuClock] : [.processorCycles, .cpuClock]
    var refusal = PerfRefusal(code: ENOENT)
    for source in sources {
      for excludesKernel in [false, true] {
        for wantsBuildIDs in [true, false] {
          var plan = PerfPlan(wish, source, excludesKernel: excludesKernel)
          plan.options.wants_build_ids = wantsBuildIDs
          let code = plan.attempt(pid: pid, cpu: cpu)
          if code == 0 {
            if wish.contextSwitches { plan.addSwitches(wish, pid: pid, cpu: cpu) }
            return plan
          }
          // "Not available" is less informative than "not permitted".
          if ![ENOENT, ENODEV, EOPNOTSUPP].contains(code) || !refusal.isPermission {
            refusal = PerfRefusal(code: code)
          }
          if ![EINVAL, E2BIG].contains(code) { break }
        }
      }
    }
    throw refusal
  }

  init(_ wish: Wish, _ source: SampleSource, excludesKernel: Bool) {
    options = trace_perf_options()
    options.sample_type = PerfSampleFields.framePointers.rawValue
    options.excludes_kernel = excludesKernel
    options.reports_processes = true
    options.reports_switches = wish.contextSwitches
    switch wish.scope {
    case .children:
      options.inherits = true
      options.starts_on_exec = true
    case .processes, .families: options.inherits = true
    case .wholeMachine, .descendants: options.excludes_idle = true
    }
    self.source = source
    hasKernelFrames = !excludesKernel
    guard let sampling = wish.sampling else {
      options.type = PerfEventType.software
      options.config = PerfEventType.dummy
      return
    }
    options.rate = UInt64(sampling.rate)
    if sampling.walk.copiesStacks {
      options.sample_type = PerfSampleFields.callFrames.rawValue
      options.user_registers = UnwindRegisters.perfMask
      options.user_stack_bytes = UInt32(sampling.walk.copiedBytes)
      options.excludes_user_callchain = true
    }
    let isCycles = source == .processorCycles
    options.type = isCycles ? PerfEventType.hardware : PerfEventType.software
    options.config = isCycles ? PerfEventType.cycles : PerfEventType.cpuClock
  }

  private mutating func addSwitches(_ wish: Wish, pid: Int32, cpu: Int32) {
    var found = PerfSwitchPlan(self, stacks: wish.switchStacks, pid: pid, cpu: cpu)
    if !found.isEmpty {
      options.sample_type |= PerfSampleFields.ofSwitches.rawValue
      found.use(PerfSampleFields(rawValue: options.sample_type))
    }
    switches = found
  }

  /// The parser for the records.
  var parser: PerfRecordParser {
    PerfRecordParser(
      fields: PerfSampleFields(rawValue: options.sample_type),
      userRegisterCount: options.user_registers.nonzeroBitCount)
  }

  /// The requested size of each CPU's ring.
  var ringBytesWanted: Int {
    options.user_stack_bytes > 0 || switches?.haveStacks == true
      ? PerfRing.bytesWantedForStacks : PerfRing.bytesWanted
  }

  /// Returns 0, or the error.
  private func attempt(pid: Int32, cpu: Int32) -> Int32 {
    var trial = options
    trial.starts_disabled = true
    let descriptor = trace_perf_open(&trial, pid, cpu)
    guard descriptor >= 0 else { return -descriptor }
    close(descriptor)
    return 0
  }
}
