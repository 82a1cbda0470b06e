import CTraceShims
import Glibc
import TraceControl
import TraceEvents
import TraceRing

/// Takes CPU samples of the process itself, for sessions that may not use kernel events. Each
/// thread has a CPU-time timer, whose signal handler writes the interrupted stack into the rings.
///
/// Except for the handler, used only on the control thread.
///
/// - Cost: a signal for each sample, a few microseconds; nothing while no session takes samples.
/// - Trap: the kernel checks these timers only at its ticks. With 250 ticks a second, a rate of 999
///   gives 250 samples a second; each states the time that it represents. A new thread is found
///   within ``rescanMilliseconds``. A thread that blocks SIGPROF is not sampled.
enum ThreadSampler {
  static let rescanMilliseconds: Int32 = 50
  static let threadsMax = 4096

  private struct State {
    /// The interval for each session; 0 if it takes no samples.
    var intervals_ns = Array(repeating: UInt64(0), count: EmitterSlots.count)
    var interval_ns: UInt64 = 0
    var timers: [UInt32: UnsafeMutableRawPointer?] = [:]
  }

  /// Behind a pointer, so that a forked child can abandon the parent's state.
  nonisolated(unsafe) private static var state = makeState()

  private static func makeState() -> UnsafeMutablePointer<State> {
    let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    state.initialize(to: State())
    return state
  }

  static var isActive: Bool { state.pointee.interval_ns != 0 }

  /// Applies the session's request. Returns the reason as a sentence if that is not possible.
  static func apply(_ request: SamplingRequest, slot: Int) -> String? {
    guard request.interval_ns != 0 else {
      clear(slot: slot)
      return nil
    }
    // Created before the first signal, because a handler must not be the first to use it.
    SampleRecord.prepare()
    let code = trace_sampling_install(SampleRecord.write)
    if code == EBUSY {
      return "it cannot be sampled by timers: it has its own SIGPROF handler"
    }
    guard code == 0 else {
      return "it cannot be sampled by timers: \(String(cString: strerror(code)))"
    }
    state.pointee.intervals_ns[slot] = request.boundedInterval_ns
    SampleRecord.enable(slot: slot, ref: request.ref)
    intervalsChanged()
    return nil
  }

  static func clear(slot: Int) {
    guard state.pointee.intervals_ns[slot] != 0 else { return }
    state.pointee.intervals_ns[slot] = 0
    SampleRecord.disable(slot: slot)
    intervalsChanged()
  }

  /// The shortest interval is used for all sessions; each sample states the time that it
  /// represents.
  private static func intervalsChanged() {
    let interval = state.pointee.intervals_ns.filter { $0 != 0 }.min() ?? 0
    guard interval != state.pointee.interval_ns else { return }
    for timer in state.pointee.timers.values { trace_sampling_timer_delete(timer) }
    state.pointee.timers = [:]
    state.pointee.interval_ns = interval
    SampleRecord.interval_ns = interval
    trace_sampling_enable(interval != 0)
    findThreads()
  }

  /// Creates timers for new threads, and deletes those of threads that have ended.
  static func findThreads() {
    guard isActive, let directory = opendir("/proc/self/task") else { return }
    defer { closedir(directory) }
    let own = trace_thread_id()
    var ended = state.pointee.timers
    while let entry = readdir(directory) {
      guard let tid = threadID(entry), tid != own else { continue }
      if ended.removeValue(forKey: tid) != nil { continue }
      guard state.pointee.timers.count < threadsMax else { break }
      var timer: UnsafeMutableRawPointer?
      let code = trace_sampling_timer_create(tid, state.pointee.interval_ns, &timer)
      if code == 0 { state.pointee.timers[tid] = timer }
    }
    for (tid, timer) in ended {
      trace_sampling_timer_delete(timer)
      state.pointee.timers[tid] = nil
    }
  }

  private static func threadID(_ entry: UnsafeMutablePointer<dirent>) -> UInt32? {
    withUnsafeBytes(of: entry.pointee.d_name) { name in
      var value: UInt32 = 0
      for byte in name.prefix(while: { $0 != 0 }) {
        guard (48...57).contains(byte) else { return nil }
        value = value &* 10 &+ UInt32(byte - 48)
      }
      return value == 0 ? nil : value
    }
  }

  static func prepareForForks() { trace_use(state) }

  /// Called in the child after a fork, which does not inherit timers.
  static func forgetAfterFork() {
    guard isActive else { return }
    trace_sampling_enable(false)
    SampleRecord.disableAll()
    state = makeState()
  }
}
