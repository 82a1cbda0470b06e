import Glibc
import Locks
import TraceControl
public import TraceEvents

/// Lists the providers of running processes, without tracing them.
public enum ProviderDirectory {
  /// A process and its providers.
  public struct Entry: Hashable, Sendable {
    public var process: TracedProcess
    public var providers: [ProviderSchema]
  }

  /// Listens for `duration`; running processes answer within a few milliseconds.
  public static func collect(
    for duration: Duration = .milliseconds(300), processes: ProcessFilter = ProcessFilter()
  ) throws(SessionError) -> [Entry] {
    try collect(for: duration, processes: processes, places: RendezvousPaths.listening())
  }

  static func collect(
    for duration: Duration, processes: ProcessFilter = ProcessFilter(),
    places: [RendezvousPaths.Place]
  ) throws(SessionError) -> [Entry] {
    var configuration = SessionConfiguration(providers: [])
    configuration.processes = processes
    let listener = try SessionListener(places: places)
    let rendezvous = try Rendezvous(configuration, listener: listener, sink: nil)
    try rendezvous.start()
    usleep(UInt32(clamping: duration.nanoseconds / 1000))
    let entries = rendezvous.state.withLock { state in
      state.links.values.compactMap { link -> Entry? in
        guard let record = link.record else { return nil }
        return Entry(
          process: state.processes[record], providers: link.conversation.providers)
      }
    }
    rendezvous.stop(captureStateNanoseconds: 0, detachNanoseconds: 100_000_000)
    return entries.sorted { $0.process.pid < $1.process.pid }
  }
}
