import CTraceShims
import Glibc
import OSStrings
import TraceControl

/// A tracepoint of the kernel, as tracefs describes it.
struct Tracepoint {
  /// The reason why a tracepoint cannot be used, and what to do.
  enum Problem: Error, Hashable, CustomStringConvertible {
    /// tracefs is not mounted, or hides its contents.
    case isHidden(isRoot: Bool)
    /// perf_event_open refused it.
    case isRefused(PerfRefusal)

    var description: String {
      switch self {
      case .isHidden(isRoot: true):
        "tracefs is not mounted (mount -t tracefs tracefs /sys/kernel/tracing)"
      case .isHidden(isRoot: false):
        "only root can read /sys/kernel/tracing; collect as root"
      case .isRefused(let refusal) where refusal.isPermission:
        "the kernel's tracepoints are not permitted; grant CAP_PERFMON"
      case .isRefused(let refusal):
        "the kernel's tracepoints are not available (perf_event_open: "
          + "\(systemMessage(refusal.code)))"
      }
    }
  }

  /// Where tracefs may be mounted.
  static let directories = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
  private static let formatBytesMax = 1 << 16

  /// The kernel's number, for perf_event_open.
  var id: UInt64
  /// The text of the file named format.
  var format: String

  /// Finds a tracepoint such as `sched/sched_switch`.
  init(_ name: String) throws(Problem) {
    for directory in Self.directories {
      let place = "\(directory)/events/\(name)"
      guard let id = OSPath.firstLine("\(place)/id").flatMap({ UInt64($0) }),
        let format = OSPath.contents("\(place)/format", limit: Self.formatBytesMax)
      else { continue }
      self.id = id
      self.format = String(osBytes: format)
      return
    }
    throw .isHidden(isRoot: geteuid() == 0)
  }
}
