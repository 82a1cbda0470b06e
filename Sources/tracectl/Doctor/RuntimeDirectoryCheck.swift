import OSStrings
import TraceAnalysis
import Glibc
import TraceControl

/// Checks the directory in which programs find this user's sessions.
struct RuntimeDirectoryCheck {
  private static let subject = "runtime directory"

  var place: RendezvousPaths.Place

  init(place: RendezvousPaths.Place = RendezvousPaths.user()) { self.place = place }

  func run() -> [Finding] {
    do {
      let directory = try RuntimeDirectory.open(place.path, kind: place.kind, creating: false)
      return [
        Finding(.ok, Self.subject, "\(place.path), accessible only to you"),
        sessions(directory.sessionSocketNames()),
      ]
    } catch .system(_, _, ENOENT) {
      return [missing()]
    } catch {
      return [Self.refused(error)]
    }
  }

  /// The error's text: the problem, then what to do.
  private static func refused(_ error: RuntimeDirectoryError) -> Finding {
    let words = error.description.split(separator: ";", maxSplits: 1)
    return Finding(
      .fail, subject, String(words[0]),
      advice: words.dropFirst().first.map { String($0.dropFirst()) })
  }

  private func missing() -> Finding {
    let parent = place.path.lastIndex(of: "/").map { String(place.path[..<$0]) } ?? "."
    if OSPath.access(parent.isEmpty ? "/" : parent, W_OK) == 0 {
      return Finding(.ok, Self.subject, "\(place.path): the first session will create it")
    }
    let reason = String(cString: strerror(errno))
    return Finding(
      .fail, Self.subject, "\(place.path) does not exist and cannot be created: \(reason)",
      advice: "set TRACE_RUNTIME_DIR to a directory of your own")
  }

  /// Lists the sessions by their sockets, `session-PID-N.sock`; a session runs as long as its
  /// process.
  private func sessions(_ names: [String]) -> Finding {
    let pids = names.compactMap { name in
      name.split(separator: "-").dropFirst().first.flatMap { pid_t($0) }
    }
    let running = Set(pids.filter { kill($0, 0) == 0 || errno == EPERM })
    if running.isEmpty { return Finding(.ok, "sessions", "none running") }
    let list = running.sorted().map { "\($0)" }.joined(separator: ", ")
    return Finding(.ok, "sessions", "\(running.count) running, in process \(list)")
  }
}
