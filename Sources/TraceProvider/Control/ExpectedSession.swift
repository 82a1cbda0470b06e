import Glibc
import TraceControl

/// Which session this program was started for, if any: the one that an ancestor of it runs, or that
/// the environment names. A program waits for its answer longer than for another's, because its
/// first events are wanted.
///
/// - Guarantee: it only changes how long is waited. Sessions are found in the runtime directories,
///   and their sockets' owners are checked, whatever the environment says.
struct ExpectedSession {
  private let ancestors: Set<UInt32>
  /// For programs in another pid namespace, who do not see the session's process.
  private let name: String?

  init() {
    ancestors = Set(ProcessIdentity.ancestors(of: UInt32(getpid())))
    name = RendezvousPaths.environmentValue(RendezvousPaths.sessionVariable)
  }

  /// `pid` is that of the process that runs the session; 0 when it is not known.
  func matches(name: String, pid: UInt32) -> Bool {
    name == self.name || (pid > 1 && ancestors.contains(pid))
  }
}
