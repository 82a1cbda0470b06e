import Glibc
import TraceControl

/// The session that this program was started for, if any: the one run by an ancestor, or named by
/// the environment. A program waits longer for this session's answer, because the session wants the
/// program's first events.
///
/// - Guarantee: affects only the time limit of the wait. Whatever the environment contains,
///   sessions are found in the runtime directories, and the owners of their sockets are checked.
struct ExpectedSession {
  private let ancestors: Set<UInt32>
  /// For programs in another pid namespace, which cannot see the session's process.
  private let name: String?

  init() {
    ancestors = Set(ProcessIdentity.ancestors(of: UInt32(getpid())))
    name = RendezvousPaths.environmentValue(RendezvousPaths.sessionVariable)
  }

  /// `pid` is the process that runs the session; 0 if not known.
  func matches(name: String, pid: UInt32) -> Bool {
    name == self.name || (pid > 1 && ancestors.contains(pid))
  }
}
