import CTraceShims
import Glibc
import TraceKernel

/// A session's kernel events, each of which writes into its CPU's ring.
final class PerfEvents {
  let plan: PerfPlan
  let rings: [PerfRing]
  /// Descriptors by followed thread. The events are inherited by threads that it starts.
  private var descriptors: [Int32: [Int32]] = [:]
  private var descriptorCount = 0
  private var hasRaisedLimit = false
  /// The events of wake-ups, which are those of all threads.
  private var wakeUps: [Int32] = []
  /// The events whose samples are no CPU samples.
  private(set) var switches = SwitchEvents()

  /// Maximum number of events; each takes kernel memory and a file descriptor.
  static let descriptorsMax = 65_536

  /// - Throws: if nothing in the scope can be followed.
  init(_ plan: PerfPlan, scope: PerfScope) throws(PerfRefusal) {
    self.plan = plan
    rings = try PerfRing.forEveryCPU(
      bytesWanted: plan.ringBytesWanted, fields: plan.parser.fields)
    guard !rings.isEmpty else { throw PerfRefusal(code: ENODEV) }
    switch scope {
    case .wholeMachine, .descendants: try follow(thread: -1)
    case .children(let thread): try follow(thread: thread)
    case .processes(let pids): try follow(pids)
    case .families(let pids): try follow(families: pids)
    }
    followWakeUps()
  }

  deinit { silence() }

  /// Stops writing to the rings; existing records remain.
  func silence() {
    for thread in Array(descriptors.keys) { unfollow(thread) }
    closeWakeUps()
  }

  private func closeWakeUps() {
    for descriptor in wakeUps {
      switches.kinds[trace_perf_identifier(descriptor)] = nil
      close(descriptor)
    }
    wakeUps = []
  }

  /// Called for a thread created by a followed thread. If it was also found in the list of threads
  /// while events were opened, it has two sets of events, and one is closed.
  func inherited(by thread: UInt32) {
    if !descriptors.isEmpty { unfollow(Int32(truncatingIfNeeded: thread)) }
  }

  private func unfollow(_ thread: Int32) {
    guard let gone = descriptors.removeValue(forKey: thread) else { return }
    for descriptor in gone { close(descriptor) }
    descriptorCount -= gone.count
  }

  /// Follows every thread of the processes, including threads that begin meanwhile: they are
  /// children of followed threads, or are found by another pass.
  private func follow(_ pids: [UInt32]) throws(PerfRefusal) {
    var refusal: PerfRefusal?
    for pid in pids {
      var found = true
      var passes = 0
      while found, passes < Self.passesMax {
        found = false
        passes += 1
        for thread in ProcFiles.threads(of: pid) where descriptors[thread] == nil {
          do throws(PerfRefusal) {
            try follow(thread: thread)
            found = true
          } catch {
            if error.code == ESRCH { continue }
            refusal = PerfRefusal(code: error.code, isMemory: error.isMemory, pid: pid)
            if error.code == EMFILE { break }
          }
        }
      }
    }
    if descriptors.isEmpty { throw refusal ?? PerfRefusal(code: ESRCH) }
    if let refusal, refusal.code == EMFILE { throw refusal }
  }

  private static let passesMax = 16

  /// Follows processes and their descendants. Processes started by followed threads are followed,
  /// too; those started before or meanwhile are searched for until no more are found.
  private func follow(families pids: [UInt32]) throws(PerfRefusal) {
    try follow(pids)
    var known = Set(pids)
    for _ in 0..<Self.passesMax {
      let more = ProcessFamily.descendants(of: known)
      guard !more.isEmpty else { return }
      known.formUnion(more)
      // A process that has ended or belongs to another user does not stop following the others.
      do throws(PerfRefusal) { try follow(more.sorted()) } catch {
        if error.code == EMFILE { throw error }
      }
    }
  }

  private func follow(thread: Int32) throws(PerfRefusal) {
    var opened: [Int32] = []
    do throws(PerfRefusal) {
      for ring in rings {
        // The event of switches comes first, so that no record of a switch lacks its sample.
        if let switchOut = plan.switches?.switchOut {
          let descriptor = try open(switchOut, thread, ring, count: opened.count)
          opened.append(descriptor)
          switches.kinds[trace_perf_identifier(descriptor)] = .switchOut
          if thread == -1 { skipIdleThread(descriptor, switchOut) }
        }
        opened.append(try open(plan.options, thread, ring, count: opened.count))
      }
    } catch {
      for descriptor in opened { close(descriptor) }
      throw error
    }
    descriptors[thread] = opened
    descriptorCount += opened.count
  }

  /// Opens an event that writes into a ring.
  private func open(
    _ options: trace_perf_options, _ thread: Int32, _ ring: PerfRing, count: Int
  ) throws(PerfRefusal) -> Int32 {
    var options = options
    options.wakeup_bytes = UInt32(ring.byteCount / 4)
    var code = descriptorCount + count < Self.descriptorsMax ? 0 : -EMFILE
    if code == 0 { code = trace_perf_open(&options, thread, ring.cpu) }
    if code == -EMFILE, raiseDescriptorLimit() {
      code = trace_perf_open(&options, thread, ring.cpu)
    }
    guard code >= 0 else { throw PerfRefusal(code: -code) }
    let refusal = trace_perf_redirect(code, ring.descriptor)
    guard refusal >= 0 else {
      close(code)
      throw PerfRefusal(code: -refusal)
    }
    return code
  }

  /// Keeps the kernel from walking the idle thread's stack whenever a CPU has work again: no event
  /// of the recording uses it. If the kernel refuses, the translation drops these samples.
  private func skipIdleThread(_ descriptor: Int32, _ options: trace_perf_options) {
    guard options.type == PerfEventType.tracepoint else { return }
    _ = trace_perf_filter(descriptor, "prev_pid != 0")
  }

  /// Opens the events of wake-ups: on all CPUs, or on none, because a wait whose wake-up is missing
  /// would seem longer. They were permitted when tried; without them, all others remain.
  private func followWakeUps() {
    guard let plan = plan.switches else { return }
    switches.layouts = plan.layouts
    switches.haveStacks = plan.haveStacks
    guard let wakeUp = plan.wakeUp else { return }
    for ring in rings {
      guard let descriptor = try? open(wakeUp, -1, ring, count: wakeUps.count) else {
        closeWakeUps()
        return
      }
      switches.kinds[trace_perf_identifier(descriptor)] = .wakeUp
      wakeUps.append(descriptor)
    }
  }

  /// Raises the soft limit to the hard limit. The soft limit exists for programs that use select;
  /// this one does not.
  private func raiseDescriptorLimit() -> Bool {
    guard !hasRaisedLimit else { return false }
    hasRaisedLimit = true
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < limit.rlim_max
    else { return false }
    limit.rlim_cur = limit.rlim_max
    return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
  }
}
