import CTraceShims
import Glibc
import TraceKernel

/// The events that tell, beside the records of context switches, why and where threads wait and
/// what wakes them.
struct PerfSwitchPlan {
  /// Writes a sample whenever a followed thread stops running; nil if there is no such event.
  private(set) var switchOut: trace_perf_options?
  /// Writes a sample whenever any thread is woken; nil if there is no such event.
  private(set) var wakeUp: trace_perf_options?
  private(set) var layouts = SwitchLayouts()
  let haveStacks: Bool
  /// What is not recorded, why, and what to do, as sentences.
  private(set) var problems: [String] = []

  var isEmpty: Bool { switchOut == nil && wakeUp == nil }

  /// Finds the best permitted events: the kernel's tracepoints, else for stacks its count of
  /// context switches.
  ///
  /// - Parameters:
  ///   - plan: the events of the same rings.
  ///   - pid: the thread for which the events are tried; -1 for all.
  init(_ plan: PerfPlan, stacks: Bool, pid: Int32, cpu: Int32) {
    haveStacks = stacks
    var common = plan.options
    common.rate = 0
    common.samples_all = true
    common.reports_processes = false
    common.reports_switches = false
    common.wants_build_ids = false
    common.excludes_idle = false
    // The stacks are walked by frame pointers. All events of a ring have the same fields, and the
    // kernel would write 8 bytes more than it reserves for a copy of 0 bytes.
    common.user_stack_bytes = min(common.user_stack_bytes, 8)
    common.excludes_user_callchain = !stacks
    common.excludes_kernel_callchain = !stacks
    guard plan.hasKernelFrames else {
      problems.append(
        "wake-ups, and where and why threads wait, are not recorded: kernel.perf_event_paranoid is "
          + "above 1; collect as root")
      return
    }
    do throws(Tracepoint.Problem) {
      let switching = try Tracepoint("sched/sched_switch")
      let waking = try Tracepoint("sched/sched_waking")
      layouts = SwitchLayouts(switchFormat: switching.format, wakingFormat: waking.format)
      switchOut = try Self.attempt(common, switching, pid: pid, cpu: cpu)
      common.inherits = false
      common.starts_on_exec = false
      wakeUp = try Self.attempt(common, waking, pid: -1, cpu: cpu)
    } catch {
      problems.append(
        (switchOut == nil ? "wake-ups, and the states of waiting threads," : "wake-ups")
          + " are not recorded, because \(error)")
    }
    guard stacks, switchOut == nil else { return }
    common.type = PerfEventType.software
    common.config = PerfEventType.contextSwitches
    common.inherits = plan.options.inherits
    common.starts_on_exec = plan.options.starts_on_exec
    switchOut = common
    if !Self.isPermitted(common, pid: pid, cpu: cpu) {
      switchOut = nil
      problems.append("the stacks of waiting threads are not recorded: the kernel refuses them")
    }
  }

  private static func attempt(
    _ common: trace_perf_options, _ tracepoint: Tracepoint, pid: Int32, cpu: Int32
  ) throws(Tracepoint.Problem) -> trace_perf_options {
    var options = common
    options.type = PerfEventType.tracepoint
    options.config = tracepoint.id
    let code = refusal(of: options, pid: pid, cpu: cpu)
    guard code == 0 else { throw .isRefused(PerfRefusal(code: code)) }
    return options
  }

  private static func isPermitted(_ options: trace_perf_options, pid: Int32, cpu: Int32) -> Bool {
    refusal(of: options, pid: pid, cpu: cpu) == 0
  }

  /// Returns 0, or the error.
  private static func refusal(of options: trace_perf_options, pid: Int32, cpu: Int32) -> Int32 {
    var trial = options
    trial.sample_type |= PerfSampleFields.ofSwitches.rawValue
    trial.starts_disabled = true
    let descriptor = trace_perf_open(&trial, pid, cpu)
    guard descriptor >= 0 else { return -descriptor }
    close(descriptor)
    return 0
  }

  /// Adds the fields that tell the samples of several events apart.
  mutating func use(_ fields: PerfSampleFields) {
    switchOut?.sample_type = fields.rawValue
    wakeUp?.sample_type = fields.rawValue
  }
}
