import CTraceShims
import Glibc

/// The kernel's events of a session, each writing into the ring of its CPU.
final class PerfEvents {
  let plan: PerfPlan
  let rings: [PerfRing]
  /// By the thread that they follow; what it starts is followed by the same.
  private var descriptors: [Int32: [Int32]] = [:]
  private var descriptorCount = 0
  private var hasRaisedLimit = false

  /// Events at most: the kernel's memory, and a file descriptor each.
  static let descriptorsMax = 65_536

  /// - Throws: when nothing of the scope can be followed.
  init(_ plan: PerfPlan, scope: PerfScope) throws(PerfRefusal) {
    self.plan = plan
    rings = try PerfRing.forEveryCPU(bytesWanted: plan.ringBytesWanted)
    guard !rings.isEmpty else { throw PerfRefusal(code: ENODEV) }
    switch scope {
    case .wholeMachine, .descendants: try follow(thread: -1)
    case .children(let thread): try follow(thread: thread)
    case .processes(let pids): try follow(pids)
    case .families(let pids): try follow(families: pids)
    }
  }

  deinit { silence() }

  /// From now on nothing more is written to the rings; what is there stays.
  func silence() { for thread in Array(descriptors.keys) { unfollow(thread) } }

  /// A followed thread has made this one. If it was found in the list of threads as well, while
  /// events were opened, it has two sets of them: one goes.
  func inherited(by thread: UInt32) {
    if !descriptors.isEmpty { unfollow(Int32(truncatingIfNeeded: thread)) }
  }

  private func unfollow(_ thread: Int32) {
    guard let gone = descriptors.removeValue(forKey: thread) else { return }
    for descriptor in gone { close(descriptor) }
    descriptorCount -= gone.count
  }

  /// Every thread of the processes: those that begin meanwhile too, as children of one that is
  /// followed already, or found when looked for again.
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

  /// Whoever is started by a thread that is followed is followed too; those that were started
  /// before, or meanwhile, are looked for until there are no more.
  private func follow(families pids: [UInt32]) throws(PerfRefusal) {
    try follow(pids)
    var known = Set(pids)
    for _ in 0..<Self.passesMax {
      let more = ProcessFamily.descendants(of: known)
      guard !more.isEmpty else { return }
      known.formUnion(more)
      // One that has ended, or is another user's, is no reason to give the others up.
      do throws(PerfRefusal) { try follow(more.sorted()) } catch {
        if error.code == EMFILE { throw error }
      }
    }
  }

  private func follow(thread: Int32) throws(PerfRefusal) {
    var options = plan.options
    var opened: [Int32] = []
    for ring in rings {
      options.wakeup_bytes = UInt32(ring.byteCount / 4)
      var code = descriptorCount + opened.count < Self.descriptorsMax ? 0 : -EMFILE
      if code == 0 { code = trace_perf_open(&options, thread, ring.cpu) }
      if code == -EMFILE, raiseDescriptorLimit() {
        code = trace_perf_open(&options, thread, ring.cpu)
      }
      if code >= 0 {
        opened.append(code)
        code = trace_perf_redirect(code, ring.descriptor)
      }
      guard code >= 0 else {
        for descriptor in opened { close(descriptor) }
        throw PerfRefusal(code: -code)
      }
    }
    descriptors[thread] = opened
    descriptorCount += opened.count
  }

  /// The soft limit is what programs get that still use select; this one does not.
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
