internal import TraceEvents
internal import TraceFormat

/// What threads were called.
final class ThreadNames {
  private struct Thread: Hashable {
    var pid: UInt32
    var tid: UInt32
  }

  /// From `since` on, until the next.
  private struct Name {
    var since: Int64
    var name: String
  }

  /// Names that are kept; of the threads that come later, none is known.
  static let namesMax = 1 << 20

  /// In order of time.
  private var names: [Thread: [Name]] = [:]
  private var count = 0

  /// Asks for the events that tell of threads.
  func subscribe(to replay: Replay) {
    replay.on(ThreadStart.self) { [self] event, header in add(event.name, header) }
    replay.on(ThreadName.self) { [self] event, header in add(event.name, header) }
    replay.on(ThreadStop.self) { [self] event, header in
      // The session may have come after the thread began.
      let thread = Thread(pid: header.pid, tid: header.tid)
      if names[thread] == nil { add(event.name, header, since: .min) }
    }
  }

  private func add(_ name: String, _ header: EventHeader, since: Int64? = nil) {
    guard !name.isEmpty, count < Self.namesMax else { return }
    let begin = header.flags.contains(.rundown) ? .min : header.timestamp
    let thread = Thread(pid: header.pid, tid: header.tid)
    if names[thread]?.last?.name == name { return }
    names[thread, default: []].append(Name(since: since ?? begin, name: name))
    count += 1
  }

  /// The last name that a thread had while its process lived; nil where none is known.
  func name(of tid: UInt32, in process: ResolvedProcess) -> String? {
    names[Thread(pid: process.pid, tid: tid)]?
      .last { $0.since <= process.validity.upperBound }?.name
  }
}
