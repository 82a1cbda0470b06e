internal import TraceEvents
package import TraceFormat

/// What threads were called.
final class ThreadNames {
  private struct Thread: Hashable {
    var pid: UInt32
    var tid: UInt32
  }

  /// From `since` on, until the next; empty where the thread has none any more.
  private struct Name {
    var since: Int64
    var name: String
  }

  /// Names that are kept; of the threads that come later, none is known.
  static let namesMax = 1 << 20
  /// The kernel's names have 15 bytes at most; a trace may claim more.
  private static let nameBytesMax = 64

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
      end(header.tid, header)
    }
    // The thread that has the process's number is then another, or called as its program is.
    replay.on(ProcessStart.self) { [self] _, header in end(header.pid, header) }
    replay.on(ProcessExec.self) { [self] _, header in end(header.pid, header) }
    replay.on(ProcessStop.self) { [self] _, header in end(header.pid, header) }
  }

  private func add(_ name: String, _ header: EventHeader, since: Int64? = nil) {
    guard !name.isEmpty, count < Self.namesMax else { return }
    let begin = header.flags.contains(.rundown) ? .min : header.timestamp
    let thread = Thread(pid: header.pid, tid: header.tid)
    if names[thread]?.last?.name == name { return }
    names[thread, default: []].append(
      Name(since: since ?? begin, name: name.cut(toBytes: Self.nameBytesMax)))
    count += 1
  }

  /// What happens later is another thread's of that number.
  private func end(_ tid: UInt32, _ header: EventHeader) {
    let thread = Thread(pid: header.pid, tid: tid)
    guard !header.flags.contains(.rundown), names[thread]?.last?.name.isEmpty == false,
      count < Self.namesMax
    else { return }
    // What has the same time may still be its.
    names[thread]!.append(Name(since: header.timestamp &+ 1, name: ""))
    count += 1
  }

  /// Whether any thread has a name.
  var isEmpty: Bool { names.isEmpty }

  /// The name that a thread has at a time, and from when to when; nil where none is known.
  func name(
    of tid: UInt32, pid: UInt32, at time: Int64
  ) -> (name: String?, from: Int64, before: Int64) {
    guard let all = names[Thread(pid: pid, tid: tid)] else { return (nil, .min, .max) }
    var (low, high) = (0, all.count)
    while low < high {
      let middle = (low + high) / 2
      if all[middle].since <= time { low = middle + 1 } else { high = middle }
    }
    let before = low < all.count ? all[low].since : .max
    guard low > 0 else { return (nil, .min, before) }
    let found = all[low - 1]
    return (found.name.isEmpty ? nil : found.name, found.since, before)
  }

  /// The last name that a thread had while its process lived; nil where none is known.
  func name(of tid: UInt32, in process: ResolvedProcess) -> String? {
    names[Thread(pid: process.pid, tid: tid)]?
      .last { $0.since <= process.validity.upperBound && !$0.name.isEmpty }?.name
  }
}

/// What the threads of a trace's events are called, for who reads one event after the other.
///
/// - Cost: reads the blocks with events of threads and processes, in a run of its own. A name of an
///   event whose thread is that of the one before costs two comparisons.
package final class ThreadNameReader {
  private let names = ThreadNames()
  private let replay: Replay
  private var last = (pid: UInt32(0), tid: UInt32(0), from: Int64.max, before: Int64.min)
  private var lastName: String?

  package init(_ file: TraceFile) {
    replay = Replay(file)
    names.subscribe(to: replay)
  }

  /// Reads what has come since.
  package func update() throws {
    try replay.run()
    last = (0, 0, .max, .min)
  }

  /// The name of the thread then; nil where the trace has none.
  package func name(of header: EventHeader) -> String? {
    if names.isEmpty { return nil }
    let time = header.timestamp
    if header.tid != last.tid || header.pid != last.pid || time < last.from || time >= last.before {
      let found = names.name(of: header.tid, pid: header.pid, at: time)
      last = (header.pid, header.tid, found.from, found.before)
      lastName = found.name
    }
    return lastName
  }
}
