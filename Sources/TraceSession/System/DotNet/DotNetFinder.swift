import CTraceShims
import Glibc
import OSStrings
import TraceControl

/// Finds the diagnostics sockets of .NET runtimes: `dotnet-diagnostic-PID-KEY-socket` in the
/// directory for temporary files of the process, which may be a container's.
///
/// - Guarantee: a connection is made only to a socket on which that very process listens, as the
///   kernel says; a socket that another process has put there is not used.
enum DotNetFinder {
  /// The number of names in a directory that are looked at, and of sockets that have one pid.
  private static let namesMax = 65_536
  private static let socketsMax = 16

  /// The pids for which a directory has sockets, which may be those of dead processes.
  static func pids(in path: String) -> Set<UInt32> {
    var found: Set<UInt32> = []
    visit(OSPath.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) { name in
      if let pid = pid(name) { found.insert(pid) }
    }
    return found
  }

  /// Connects to a process's runtime.
  ///
  /// - Returns: nil if it has none, or does not accept the connection.
  static func connect(_ pid: UInt32) -> DiagnosticSocket? { connect(ProcessPlace(pid: pid)) }

  static func connect(_ place: ProcessPlace) -> DiagnosticSocket? {
    for path in directories(of: place.pid) {
      let directory = open(path, in: place)
      guard directory >= 0 else { continue }
      defer { close(directory) }
      for name in sockets(in: directory, of: place.ownNumber) {
        // The path through the descriptor is short enough for a socket's address.
        let path = "/proc/self/fd/\(directory)/\(name)"
        if let socket = DiagnosticSocket.connect(path, listener: place.pid) { return socket }
      }
    }
    return nil
  }

  private static let prefix: StaticString = "dotnet-diagnostic-"

  /// The pid in the name of a socket; nil if it has another form.
  static func pid(_ name: String) -> UInt32? {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "dotnet", parts[1] == "diagnostic", parts[4] == "socket"
    else { return nil }
    return UInt32(parts[2])
  }

  /// Where a process may have put its socket, in its own file system.
  private static func directories(of pid: UInt32) -> [String] {
    let own = ProcFiles.variable("TMPDIR", of: pid) ?? ""
    return own.isEmpty || own == "/tmp" || own == "/tmp/" ? ["/tmp"] : [own, "/tmp"]
  }

  private static func open(_ path: String, in place: ProcessPlace) -> Int32 {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    guard place.isElsewhere else { return OSPath.open(path, flags) }
    let inside = String(path.drop { $0 == "/" })
    return OSPath.openat(place.root, inside.isEmpty ? "." : inside, flags)
  }

  private static func sockets(in directory: Int32, of pid: UInt32) -> [String] {
    var names: [String] = []
    visit(OSPath.openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) { name in
      if Self.pid(name) == pid, names.count < socketsMax { names.append(name) }
    }
    return names.sorted()
  }

  /// Reads the names of sockets in a directory, and closes it.
  private static func visit(_ directory: Int32, _ visit: (String) -> Void) {
    guard directory >= 0 else { return }
    guard let stream = fdopendir(directory) else {
      close(directory)
      return
    }
    defer { closedir(stream) }
    for _ in 0..<namesMax {
      guard let entry = readdir(stream) else { return }
      // Most names are others; they are told apart without a copy.
      guard OSPath.name(entry, startsWith: prefix) else { continue }
      visit(OSPath.name(entry))
    }
  }
}
