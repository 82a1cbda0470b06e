import TraceAnalysis
import TraceExport
import TraceEvents
import TraceSession

/// Checks which CPU samples can be taken here, and their quality.
struct SamplingChecks {
  /// The usual sampling rate, which lower limits refuse.
  static let rateUsual = 999
  /// A lower limit truncates the stacks of ordinary programs.
  static let framesUsual = 127

  var check: SamplingCheck

  init(_ check: SamplingCheck = .run()) { self.check = check }

  func run() -> [Finding] {
    guard check.step == .kernelEvents else { return [samples] }
    return [samples, rate, depth, memory, kernelNames].compactMap { $0 }
  }

  /// The sampled processes, and the step of the ladder.
  var samples: Finding {
    let step = "by \(check.step)"
    guard check.step == .kernelEvents else {
      return Finding(
        .warn, "CPU samples", "\(step): only in programs that link TraceProvider",
        advice: Self.reason(check.ownProcesses))
    }
    let reach = check.wholeMachine.isPermitted ? "the whole machine" : "your own processes"
    let best = check.wholeMachine.isPermitted ? check.wholeMachine : check.ownProcesses
    let kernel = best.hasKernelFrames ? "with the kernel's frames" : "without the kernel's frames"
    let observation = "of \(reach), \(kernel), \(step) (\(Self.clock(of: best)))"
    return Finding(
      best.hasKernelFrames ? .ok : .warn, "CPU samples", observation, advice: wider(best))
  }

  /// Advice on how to sample more.
  private func wider(_ best: SamplingCheck.Attempt) -> String? {
    var parts: [String] = []
    if !best.hasKernelFrames { parts.append("kernel frames: sysctl kernel.perf_event_paranoid=1") }
    if !check.wholeMachine.isPermitted {
      parts.append("the whole machine: sysctl kernel.perf_event_paranoid=0")
    }
    if parts.isEmpty { return nil }
    return "for " + parts.joined(separator: "; for ") + "; or grant tracectl CAP_PERFMON"
  }

  private static func clock(of attempt: SamplingCheck.Attempt) -> String {
    if case .permitted(.processorCycles, _) = attempt { return "processor cycles" }
    return "a clock, because there is no cycle counter"
  }

  private static func reason(_ attempt: SamplingCheck.Attempt) -> String? {
    if case .refused(let reason) = attempt { reason } else { nil }
  }

  private var rate: Finding? {
    guard let most = check.rateMax else { return nil }
    if most >= Self.rateUsual {
      return Finding(.ok, "sample rate", "up to \(grouped(UInt64(clamping: most))) a second")
    }
    return Finding(
      .warn, "sample rate", "at most \(most) a second",
      advice: "the kernel lowers it when samples take long: "
        + "sysctl kernel.perf_event_max_sample_rate=100000, or -providers CPU:\(max(1, most))")
  }

  private var depth: Finding? {
    guard let most = check.framesMax else { return nil }
    let observation = "up to \(most) frames; deeper stacks lose their outer frames"
    if most >= Self.framesUsual { return Finding(.ok, "sample stacks", observation) }
    return Finding(
      .warn, "sample stacks", observation,
      advice: "sysctl kernel.perf_event_max_stack=\(Self.framesUsual)")
  }

  private var memory: Finding {
    let size = readableBytes(UInt64(check.ringBytes))
    let limit = check.ringMemoryKilobytes.map { " (kernel.perf_event_mlock_kb is \($0))" } ?? ""
    if check.ringBytes >= check.ringBytesWanted {
      return Finding(.ok, "sample memory", "\(size) for each CPU\(limit)")
    }
    return Finding(
      .warn, "sample memory",
      check.ringBytes == 0 ? "none for a ring\(limit)" : "only \(size) for each CPU\(limit)",
      advice: "samples are lost sooner: sysctl kernel.perf_event_mlock_kb="
        + "\(check.ringBytesWanted >> 10 + 4), or raise ulimit -l")
  }

  private var kernelNames: Finding? {
    let best = check.wholeMachine.isPermitted ? check.wholeMachine : check.ownProcesses
    guard best.hasKernelFrames else { return nil }
    if check.showsKernelAddresses {
      return Finding(.ok, "kernel names", "read from /proc/kallsyms")
    }
    return Finding(
      .warn, "kernel names", "hidden: kernel frames are shown as addresses",
      advice: "sysctl kernel.kptr_restrict=1 and CAP_SYSLOG, or kernel.kptr_restrict=0")
  }
}
