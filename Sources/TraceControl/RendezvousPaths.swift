import Glibc
import OSStrings

/// The directories where sessions and processes find each other.
package enum RendezvousPaths {
  package struct Place: Hashable, Sendable {
    package var path: String
    package var kind: RuntimeDirectory.Kind

    package init(path: String, kind: RuntimeDirectory.Kind) {
      self.path = path
      self.kind = kind
    }
  }

  /// The directory in which sessions of root listen; every process watches it.
  package static let system = Place(path: "/run/tracectl", kind: .system)

  /// The environment variable of a program started by a session. It has the name of the session's
  /// socket, for which the program waits longer than for others.
  ///
  /// - Trap: the variable only affects waiting. Only the directories determine which sessions exist
  ///   and may trace the process; a name without a socket has no effect.
  package static let sessionVariable = "TRACE_SESSION"

  /// The user's directory: `$TRACE_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/tracectl`, else
  /// `/tmp/tracectl-UID`.
  package static func user(environment: (String) -> String? = environmentValue) -> Place {
    chosen(environment) ?? usual(environment)
  }

  private static func chosen(_ environment: (String) -> String?) -> Place? {
    environment("TRACE_RUNTIME_DIR").map { Place(path: $0, kind: .user) }
  }

  private static func usual(_ environment: (String) -> String?) -> Place {
    if let runtime = environment("XDG_RUNTIME_DIR") {
      return Place(path: "\(runtime)/tracectl", kind: .user)
    }
    return Place(path: "/tmp/tracectl-\(geteuid())", kind: .user)
  }

  /// The directories that a process watches. If `$TRACE_RUNTIME_DIR` is set, it is the only one.
  package static func watched(environment: (String) -> String? = environmentValue) -> [Place] {
    var places: [Place] = []
    visitWatched(environment: environment) { places.append($0) }
    return places
  }

  /// Passes the directories that a process watches to `visit`. Costs less than an array of them,
  /// whose type the runtime would first have to make.
  package static func visitWatched(
    environment: (String) -> String? = environmentValue, _ visit: (Place) -> Void
  ) {
    if let only = chosen(environment) { return visit(only) }
    visit(usual(environment))
    visit(system)
  }

  /// The directories in which a session listens, best first. Only root, which can do without the
  /// system-wide directory, skips one that cannot be used.
  package static func listening(environment: (String) -> String? = environmentValue) -> [Place] {
    let own = user(environment: environment)
    let isApart = environment("TRACE_RUNTIME_DIR") != nil
    return geteuid() == 0 && !isApart ? [system, own] : [own]
  }

  /// Nil if unset or empty, or if the program has more privileges than its user.
  package static func environmentValue(_ name: String) -> String? {
    guard let value = OSPath.getenv(name), !value.isEmpty, getuid() == geteuid(),
      getgid() == getegid()
    else { return nil }
    return value
  }
}
