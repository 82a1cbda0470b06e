import Glibc
import OSStrings

/// Where sessions and processes of a user meet.
package enum RendezvousPaths {
  package struct Place: Hashable, Sendable {
    package var path: String
    package var kind: RuntimeDirectory.Kind

    package init(path: String, kind: RuntimeDirectory.Kind) {
      self.path = path
      self.kind = kind
    }
  }

  /// Sessions of root listen here; every process watches it.
  package static let system = Place(path: "/run/tracectl", kind: .system)

  /// In the environment of a program that a session starts: the name of the session's socket, for
  /// which the program waits longer than for another's.
  ///
  /// - Trap: it says no more than "wait for this one if it is there". Where to look, and whose
  ///   sessions to obey, the directories alone say; a name that is not there means nothing.
  package static let sessionVariable = "TRACE_SESSION"

  /// The user's own: `$TRACE_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/tracectl`, else
  /// `/tmp/tracectl-UID`.
  package static func user(environment: (String) -> String? = environmentValue) -> Place {
    if let chosen = environment("TRACE_RUNTIME_DIR") { return Place(path: chosen, kind: .user) }
    if let runtime = environment("XDG_RUNTIME_DIR") {
      return Place(path: "\(runtime)/tracectl", kind: .user)
    }
    return Place(path: "/tmp/tracectl-\(geteuid())", kind: .user)
  }

  /// Where a process looks. `$TRACE_RUNTIME_DIR` stands alone: whoever sets it wants to be apart.
  package static func watched(environment: (String) -> String? = environmentValue) -> [Place] {
    let own = user(environment: environment)
    return environment("TRACE_RUNTIME_DIR") == nil ? [own, system] : [own]
  }

  /// Where a session listens, best first: what cannot be used is passed over only for root, who can
  /// do without the directory of all.
  package static func listening(environment: (String) -> String? = environmentValue) -> [Place] {
    let own = user(environment: environment)
    let isApart = environment("TRACE_RUNTIME_DIR") != nil
    return geteuid() == 0 && !isApart ? [system, own] : [own]
  }

  /// Nil when unset, empty, or when the program runs with more rights than its user has.
  package static func environmentValue(_ name: String) -> String? {
    guard getuid() == geteuid(), getgid() == getegid(), let value = OSPath.getenv(name),
      !value.isEmpty
    else { return nil }
    return value
  }
}
