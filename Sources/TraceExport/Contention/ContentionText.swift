public import TraceAnalysis

/// A ``ContentionReport`` for human readers: for each process a table of locks, where threads
/// waited for the first of them and who held them, and the longest waits; then the same for waits
/// until another thread gives notice.
public struct ContentionText: Renderer {
  /// Number of locks listed if the report does not say.
  private static let defaultLimit = 20
  /// Number of locks whose places are shown, and of frames of a stack.
  private static let placesLimit = 3
  private static let framesLimit = 10
  private static let ownerFramesLimit = 5
  private static let openLimit = 10

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: ContentionReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let limit = report.listLimit ?? Self.defaultLimit
    output.writeText("waits for locks", report) { process in
      heading(process) + section(process.contended, limit, owner: "held by", isDetailed: true)
        + notified(process, limit) + unfinished(process)
    }
  }

  private func heading(_ process: ContentionReport.Process) -> [String] {
    let waits = process.contended.waits
    let locks = counted(process.contended.locks.count, "lock")
    var lines = [
      "Process \(process.name) (\(process.pid)): threads waited \(counted(waits.count, "time")) "
        + "for \(locks), \(time(waits.total_ns)) in total, in "
        + readableDuration(nanoseconds: process.span_ns)
    ]
    if process.stopsWithoutStart > 0 {
      lines.append(
        "  uncounted  \(counted(process.stopsWithoutStart, "wait")) without a known beginning")
    }
    return lines
  }

  private func notified(_ process: ContentionReport.Process, _ limit: Int) -> [String] {
    let waits = process.notified.waits
    guard waits.count > 0 else { return [] }
    return [
      "",
      "Waits for a notification, as of threads without work: \(counted(waits.count, "wait")), "
        + "\(time(waits.total_ns)) in total",
    ] + section(process.notified, limit, owner: "ended by", isDetailed: false)
  }

  private func section(
    _ section: ContentionReport.Section, _ limit: Int, owner: String, isDetailed: Bool
  ) -> [String] {
    let rows = section.locks.prefix(limit).map { lock in
      [
        time(lock.waits.total_ns), grouped(UInt64(lock.waits.count)), time(lock.waits.mean_ns),
        time(lock.waits.p50_ns), time(lock.waits.p90_ns), time(lock.waits.p99_ns),
        time(lock.waits.max_ns), grouped(UInt64(lock.threads)), lock.kind.rawValue, title(lock),
      ]
    }
    guard !rows.isEmpty else { return [] }
    var lines =
      [""]
      + Table(
        ["total", "waits", "mean", "50 %", "90 %", "99 %", "max", "threads", "kind", "lock"],
        rightAligned: Set(0...7), rows: rows
      ).lines + leftOut(section.locks.count, shown: rows.count)
    guard isDetailed else { return lines }
    for lock in section.locks.prefix(min(limit, Self.placesLimit)) { lines += detail(lock, owner) }
    return lines + longest(section)
  }

  private func title(_ lock: ContentionReport.Lock) -> String {
    let place = lock.placeName.map { "at \($0)" }
    guard let name = name(lock.kind, lock.type, lock.id) else { return place ?? "?" }
    return lock.kind.isRuntime ? name : place.map { "\(name) \($0)" } ?? name
  }

  private func name(
    _ kind: ContentionReport.Kind, _ type: String, _ id: UInt64?
  ) -> String? {
    guard kind.isRuntime else { return id.map(hexadecimal) }
    return id.map { "\(type.isEmpty ? "?" : type)@\(String($0, radix: 16))" }
  }

  private func detail(_ lock: ContentionReport.Lock, _ owner: String) -> [String] {
    guard !lock.places.isEmpty || !lock.owners.isEmpty else { return [] }
    var lines = ["", "\(title(lock)): \(time(lock.waits.total_ns))"]
    for place in lock.places {
      lines.append("  \(counted(place.count, "wait")), \(time(place.total_ns)), at")
      lines += frames(place.frames, Self.framesLimit)
    }
    for one in lock.owners {
      lines.append("  \(owner) \(thread(one.tid, one.name)), \(counted(one.count, "time"))")
      lines += frames(one.frames, Self.ownerFramesLimit)
    }
    return lines
  }

  private func longest(_ section: ContentionReport.Section) -> [String] {
    guard !section.longest.isEmpty else { return [] }
    let rows = section.longest.map { wait in
      [
        secondsSinceStart(wait.start_ns), time(wait.wait_ns), thread(wait.tid, wait.thread),
        name(wait.kind, wait.type, wait.id) ?? "-", wait.frames.waiting ?? "-",
        wait.owner.map { "\(thread($0.tid, $0.name))\(at($0.frames))" } ?? "-",
      ]
    }
    return ["", "The longest waits:", ""]
      + Table(
        ["start s", "wait", "thread", "lock", "waited at", "held by"], rightAligned: [0, 1],
        rows: rows
      ).lines
  }

  private func unfinished(_ process: ContentionReport.Process) -> [String] {
    guard process.openCount > 0 else { return [] }
    let rows = process.open.prefix(Self.openLimit).map { wait in
      [
        secondsSinceStart(wait.start_ns), "\(wait.tid)", wait.kind.rawValue, wait.cause.rawValue,
        name(wait.kind, wait.type, wait.id) ?? wait.frames.waiting.map { "at \($0)" } ?? "?",
      ]
    }
    let more = process.openCount - rows.count
    return ["", "Waits without an end:", ""]
      + Table(["start s", "thread", "kind", "why", "lock"], rightAligned: [0, 1], rows: rows).lines
      + (more > 0 ? ["  … and \(grouped(UInt64(more))) more"] : [])
  }

  private func frames(_ all: [StackFrame], _ limit: Int) -> [String] {
    let frames = all.withoutKernel
    let more = frames.count - limit
    return frames.prefix(limit).map { "    " + $0.name }
      + (more > 0 ? ["    … and \(counted(more, "more frame"))"] : [])
  }

  private func at(_ frames: [StackFrame]) -> String {
    frames.waiting.map { " at \($0)" } ?? ""
  }

  private func thread(_ tid: UInt32, _ name: String) -> String {
    let number = tid == 0 ? "" : " \(tid)"
    return "thread\(number)\(name.isEmpty ? "" : " \(name)")"
  }

  private func time(_ nanoseconds: UInt64) -> String { shortDuration(nanoseconds: nanoseconds) }
}
