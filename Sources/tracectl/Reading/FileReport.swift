import Glibc
import TraceEvents
import TraceFormat

/// What `tracectl info` prints: the session, then tables of events, processes and losses.
struct FileReport {
  /// Processes that are listed one by one.
  static let processLimit = 200

  private let file: TraceFile

  init(_ file: TraceFile) { self.file = file }

  var lines: [String] { heading + events + processes + losses }

  private func item(_ name: String, _ text: String) -> String { "  " + name.padding(to: 10) + text }

  private var heading: [String] {
    let session = file.session
    let machine = session.machine
    let duration = file.durationNanoseconds
    let state = file.isComplete ? "complete" : "not finished: " + OpenTrace.unfinishedState(file)
    let sampling = SamplingSummary(file).text.map { [item("sampling", $0)] } ?? []
    return [
      "\(file.path)  \(readableBytes(file.byteCount)), \(state)",
      item("session", "\(session.name), \(modeName(session.mode))"),
      item(
        "machine",
        "\(machine.hostName), \(machine.operatingSystem), \(machine.architecture), "
          + "\(machine.cpuCount) CPUs"),
      item("clock", clock),
      item("start", utcTime(session.start.realtimeNanoseconds)),
      item("duration", "\(readableDuration(nanoseconds: duration)) from first to last event"),
      item("events", eventTotals(duration: duration)),
    ] + sampling + [item("lost", lossSummary), item("damage", damageSummary)]
  }

  private var clock: String {
    let syncs = "\(file.clockSyncs.count) syncs with the wall clock"
    switch file.session.clock {
    case .counter:
      let gigahertz = fixed(Double(file.session.ticksPerSecond) / 1e9, decimals: 3)
      return "invariant counter, \(gigahertz) GHz, \(syncs)"
    case .monotonic: return "CLOCK_MONOTONIC, \(syncs)"
    }
  }

  private func eventTotals(duration: UInt64) -> String {
    guard file.eventCount > 0 else { return "none" }
    let count = Double(file.eventCount)
    let size = "\(fixed(Double(file.byteCount) / count, decimals: 2)) bytes each"
    guard duration > 0 else { return "\(grouped(file.eventCount)) (\(size))" }
    let rate = grouped(UInt64(count / (Double(duration) / 1e9)))
    return "\(grouped(file.eventCount)) (\(size), \(rate) a second) in \(file.blockCount) blocks"
  }

  private var lossSummary: String {
    let overwritten = lossCount { $0 == .overwritten }
    let lost = lossCount { $0 != .overwritten }
    if lost == 0 {
      return overwritten == 0 ? "none" : "none but \(grouped(overwritten)) older events overwritten"
    }
    let share = Double(lost) / (Double(lost) + Double(file.eventCount)) * 100
    return "*** \(grouped(lost)) EVENTS LOST (\(fixed(share, decimals: 2)) %), see below ***"
  }

  private func lossCount(where isCounted: (LossCause) -> Bool) -> UInt64 {
    file.lossTotals.reduce(UInt64(0)) { isCounted($1.cause) ? $0 &+ $1.count : $0 }
  }

  private var damageSummary: String {
    if file.damage.isEmpty { return "none" }
    let bytes = file.damage.reduce(UInt64(0)) { $0 &+ $1.byteCount }
    return "*** \(readableBytes(bytes)) NOT READABLE in \(file.damage.count) places ***"
  }

  private var events: [String] {
    let rows = file.eventTypes.sorted { ($1.count, $0.index) < ($0.count, $1.index) }
      .map { type in
        [
          "\(type.schema.provider)/\(type.schema.name)", grouped(type.count),
          type.schema.level.name,
          keywordNames(type.schema),
        ]
      }
    if rows.isEmpty { return [] }
    return [""]
      + Table(["event", "count", "level", "keywords"], rightAligned: [1], rows: rows).lines
  }

  private func keywordNames(_ schema: EventSchema) -> String {
    let known = file.providers.first { $0.name == schema.provider }?.keywords ?? []
    return tracectl.keywordNames(schema.keywords, known)
  }

  private var processes: [String] {
    if file.processes.isEmpty { return [] }
    let rows = file.processes.prefix(Self.processLimit).map { process in
      [
        "\(process.pid)", time(process.joinTicks), process.endTicks.map(time) ?? "-",
        ([process.executable] + process.arguments.dropFirst()).joined(separator: " "),
      ]
    }
    var lines =
      [""]
      + Table(["pid", "joined", "ended", "command"], rightAligned: [0, 1, 2], rows: rows).lines
    if file.processes.count > rows.count {
      lines.append("  … and \(file.processes.count - rows.count) more processes")
    }
    return lines
  }

  private func time(_ ticks: UInt64) -> String {
    fixed(Double(file.timestamp(ofTicks: ticks)) / 1e9, decimals: 3) + " s"
  }

  private var losses: [String] {
    let rows = file.lossTotals.filter { $0.count > 0 }.map { loss in
      [
        grouped(loss.count), loss.cause.name,
        loss.cpu == EventHeader.noCPU ? "-" : "\(loss.cpu)",
        time(loss.firstTicks), time(loss.lastTicks),
        loss.processIndex.flatMap(file.process)?.pid.description ?? "-",
      ]
    }
    if rows.isEmpty { return [] }
    return [""]
      + Table(
        ["lost", "cause", "cpu", "from", "to", "pid"], rightAligned: [0, 2, 3, 4, 5], rows: rows
      ).lines
  }
}

func modeName(_ mode: BufferMode) -> String {
  switch mode {
  case .discard: "mode discard"
  case .overwrite: "mode overwrite (flight recorder)"
  case .block: "mode block"
  }
}

/// `GC+JIT`, with what has no name in hexadecimal; `-` for none.
func keywordNames(_ keywords: Keywords, _ known: [KeywordSchema]) -> String {
  var rest = keywords
  var names: [String] = []
  for keyword in known
  where !keyword.keywords.isEmpty && rest.isSuperset(of: keyword.keywords) {
    names.append(keyword.name)
    rest.subtract(keyword.keywords)
  }
  if !rest.isEmpty { names.append("0x" + String(rest.rawValue, radix: 16)) }
  return names.isEmpty ? "-" : names.joined(separator: "+")
}

/// `2026-11-23 21:04:05.123 UTC`
func utcTime(_ nanoseconds: UInt64) -> String {
  var seconds = time_t(nanoseconds / 1_000_000_000)
  var parts = tm()
  gmtime_r(&seconds, &parts)
  func digits(_ value: Int32, _ width: Int) -> String {
    let text = "\(value)"
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
  let date = [
    digits(parts.tm_year + 1900, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2),
  ].joined(separator: "-")
  let clock = [digits(parts.tm_hour, 2), digits(parts.tm_min, 2), digits(parts.tm_sec, 2)]
    .joined(separator: ":")
  let milliseconds = Int32(nanoseconds / 1_000_000 % 1000)
  return "\(date) \(clock).\(digits(milliseconds, 3)) UTC"
}
