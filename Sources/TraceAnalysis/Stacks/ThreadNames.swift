internal import TraceEvents
package import TraceFormat

/// Names of threads over time.
final class ThreadNames {
  private struct Thread: Hashable {
    var pid: UInt32
    var tid: UInt32
  }

  /// A name valid from `since` until the next one; empty if the thread has no name any more.
  private struct Name {
    var since: Int64
    var name: String
  }

  /// Maximum number of names kept; threads that come later have no name.
  static let namesMax = 1 << 20
  /// The kernel's names have at most 15 bytes; a trace may claim more.
  private static let nameBytesMax = 64

  /// Names of each thread in order of time.
  private var names: [Thread: [Name]] = [:]
  private var count = 0

  /// Subscribes to the events about threads.
  func subscribe(to replay: Replay) {
    replay.on(ThreadStart.self) { [self] event, header in add(event.name, header) }
    replay.on(ThreadName.self) { [self] event, header in add(event.name, header) }
    replay.on(ThreadStop.self) { [self] event, header in
      // The session may have started after the thread did.
      let thread = Thread(pid: header.pid, tid: header.tid)
      if names[thread] == nil { add(event.name, header, since: .min) }
      end(header.tid, header)
    }
    // The thread whose id equals the process id is then a new one, or is named after its program.
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

  /// Ends the name: later events with this thread id belong to another thread.
  private func end(_ tid: UInt32, _ header: EventHeader) {
    let thread = Thread(pid: header.pid, tid: tid)
    guard !header.flags.contains(.rundown), names[thread]?.last?.name.isEmpty == false,
      count < Self.namesMax
    else { return }
    // Events with the same timestamp may still belong to this thread.
    names[thread]!.append(Name(since: header.timestamp &+ 1, name: ""))
    count += 1
  }

  /// Whether no thread has a name.
  var isEmpty: Bool { names.isEmpty }

  /// Returns the name of a thread at a time and the times for which it holds; nil if unknown.
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

  /// Returns the last name of a thread during its process's lifetime; nil if unknown.
  func name(of tid: UInt32, in process: ResolvedProcess) -> String? {
    names[Thread(pid: process.pid, tid: tid)]?
      .last { $0.since <= process.validity.upperBound && !$0.name.isEmpty }?.name
  }
}

/// The name of a thread, and the time span in which it holds.
package struct ThreadNameSpan {
  package private(set) var pid: UInt32
  package private(set) var tid: UInt32
  package private(set) var from: Int64
  package private(set) var before: Int64
  /// The name; nil if the trace has none.
  package private(set) var name: String?

  /// A span that covers no event.
  package static var none: ThreadNameSpan {
    ThreadNameSpan(pid: 0, tid: 0, from: .max, before: .min, name: nil)
  }
}

/// Thread names for readers that process one event at a time.
///
/// - Cost: an additional run over the blocks with thread and process events.
package final class ThreadNameReader {
  private let names = ThreadNames()
  private let replay: Replay
  /// Whether no thread has been named so far.
  package private(set) var isEmpty = true

  package init(_ file: TraceFile) {
    replay = Replay(file)
    names.subscribe(to: replay)
  }

  /// Reads events added since the last call.
  package func update() throws {
    try replay.run()
    isEmpty = names.isEmpty
  }

  /// Returns the name of a thread at a time.
  package func name(of tid: UInt32, pid: UInt32, at time: Int64) -> ThreadNameSpan {
    let found = names.name(of: tid, pid: pid, at: time)
    return ThreadNameSpan(
      pid: pid, tid: tid, from: found.from, before: found.before, name: found.name)
  }
}
