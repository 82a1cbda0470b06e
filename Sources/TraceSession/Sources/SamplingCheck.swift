import CTraceShims
import Glibc
public import TraceEvents

/// What CPU samples this user can take on this machine: tried, not guessed from settings.
public struct SamplingCheck: Hashable, Sendable {
  /// What became of asking the kernel for samples.
  public enum Attempt: Hashable, Sendable {
    case permitted(SampleSource, hasKernelFrames: Bool)
    /// Why not, and what to do.
    case refused(String)

    public var isPermitted: Bool { if case .permitted = self { true } else { false } }

    public var hasKernelFrames: Bool {
      if case .permitted(_, let hasKernelFrames) = self { hasKernelFrames } else { false }
    }
  }

  /// Of all processes.
  public var wholeMachine: Attempt
  /// Of this user's own.
  public var ownProcesses: Attempt
  /// What each CPU's ring gets of the memory that is wanted for it; 0 for none.
  public var ringBytes: Int
  public var ringBytesWanted: Int
  /// The kernel's settings, nil where they are not there.
  public var paranoid: Int?
  public var rateMax: Int?
  public var framesMax: Int?
  /// For this user's rings on each CPU.
  public var ringMemoryKilobytes: Int?
  /// Whether addresses of the kernel's functions are shown to this user.
  public var showsKernelAddresses: Bool

  /// The step of the ladder that a session would take.
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

  /// Asks the kernel for events as a session does; nothing is sampled.
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
