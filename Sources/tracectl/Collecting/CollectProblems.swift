import Glibc
import TraceExport
import TraceSession

/// Problems of processes and providers during a collection, as sentences.
struct CollectProblems {
  var session: Session
  var configuration: SessionConfiguration

  var lines: [String] {
    let processes = session.processes
    var notices = session.problems.map {
      NoticeDigest.Notice(user: geteuid(), subject: "", text: $0)
    }
    for process in processes {
      let name = process.executable.split(separator: "/").last.map(String.init) ?? "?"
      notices += process.problems.map {
        NoticeDigest.Notice(user: process.uid, subject: "\(name) (\(process.pid)): ", text: $0)
      }
    }
    var lines = NoticeDigest(notices).lines.map { "tracectl: " + $0 }
    let offered = Set(processes.flatMap(\.providers).map { $0.lowercased() })
    if configuration.providers.isEmpty { return lines }
    if processes.isEmpty {
      lines.append(
        "tracectl: no program with a provider was seen; 'tracectl providers' lists those that run")
    } else {
      let wanted = Set(configuration.providers.map(\.name)).subtracting([
        ProviderSpec.everyProvider
      ])
      for name in wanted.sorted() where !offered.contains(name.lowercased()) {
        lines.append("tracectl: no program had the provider '\(name)'")
      }
    }
    return lines
  }
}
