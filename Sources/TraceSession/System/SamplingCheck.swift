import CTraceShims
import Glibc
public import TraceEvents

/// The CPU samples that this user can take on this machine, determined by trying, not from
/// settings.
public struct SamplingCheck: Hashable, Sendable {
  /// The result of requesting samples from the kernel.
  public enum Attempt: Hashable, Sendable {
    case permitted(SampleSource, hasKernelFrames: Bool)
    /// The reason for the refusal, and what to do.
    case refused(String)

    public var isPermitted: Bool { if case .permitted = self { true } else { false } }

    public var hasKernelFrames: Bool {
      if case .permitted(_, let hasKernelFrames) = self { hasKernelFrames } else { false }
    }
  }

  /// Sampling of all processes.
  public var wholeMachine: Attempt
  /// Sampling of this user's processes.
  public var ownProcesses: Attempt
  /// The memory that each CPU's ring gets of the requested memory; 0 for none.
  public var ringBytes: Int
  public var ringBytesWanted: Int
  /// The kernel's settings; nil if they do not exist.
  public var paranoid: Int?
  public var rateMax: Int?
  public var framesMax: Int?
  /// The memory limit of this user's rings for each CPU.
  public var ringMemoryKilobytes: Int?
  /// Whether the kernel shows the addresses of its functions to this user.
  public var showsKernelAddresses: Bool

  /// The step of the ladder that a session would use.
  public var step: SamplingLadder.Step {
    ownProcesses.isPermitted || wholeMachine.isPermitted ? .kernelEvents : .threadTimers
  }

  public init(
    wholeMachine: Attempt, ownProcesses: Attempt, ringBytes: Int, ringBytesWanted: Int,
    paranoid: Int? = nil, rateMax: Int? = nil, framesMax: Int? = nil,
    ringMemoryKilobytes: Int? = nil, showsKernelAddresses: Bool = true
  ) {
    self.wholeMachine = wholeMachine
    self.ownProcesses = ownProcesses
    self.ringBytes = ringBytes
    self.ringBytesWanted = ringBytesWanted
    self.paranoid = paranoid
    self.rateMax = rateMax
    self.framesMax = framesMax
    self.ringMemoryKilobytes = ringMemoryKilobytes
    self.showsKernelAddresses = showsKernelAddresses
  }

  /// Requests events from the kernel as a session does, without sampling.
  public static func run() -> SamplingCheck {
    let cpu = PerfSettings.onlineCPUs[0]
    let rings = (try? PerfRing.forEveryCPU(bytesWanted: PerfRing.bytesWanted)) ?? []
    return SamplingCheck(
      wholeMachine: attempt(.wholeMachine, thread: -1, cpu),
      ownProcesses: attempt(.processes([UInt32(getpid())]), thread: 0, cpu),
      ringBytes: rings.map(\.byteCount).min() ?? 0, ringBytesWanted: PerfRing.bytesWanted,
      paranoid: PerfSettings.paranoid, rateMax: PerfSettings.rateMax,
      framesMax: PerfSettings.framesMax, ringMemoryKilobytes: PerfSettings.ringMemoryKilobytes,
      showsKernelAddresses: PerfSettings.showsKernelAddresses)
  }

  private static func attempt(_ scope: PerfScope, thread: Int32, _ cpu: Int32) -> Attempt {
    do throws(PerfRefusal) {
      let wish = PerfPlan.Wish(sampling: CPUSampling(), scope: scope)
      let plan = try PerfPlan.find(wish, pid: thread, cpu: cpu)
      return .permitted(plan.source, hasKernelFrames: plan.hasKernelFrames)
    } catch {
      var refusal = error
      refusal.isWholeMachine = scope == .wholeMachine
      return .refused(refusal.description)
    }
  }
}
