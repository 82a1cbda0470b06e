import TraceExport
import TraceAnalysis
import TraceEvents
import TraceFormat

/// The summary printed at the end of `tracectl collect`, read from the file that it wrote.
struct CollectSummary {
  /// Maximum number of event types listed individually, most frequent first.
  static let typeLimit = 20

  private let file: TraceFile
  /// Number of events that the session read but could not write.
  private let unwritten: UInt64
  /// Programs that the session disconnected.
  private let cutOff: [String]
  private let certainty: LossCertainty

  init(
    _ file: TraceFile, unwritten: UInt64 = 0, cutOff: [String] = [],
    certainty: LossCertainty = .exact
  ) {
    self.file = file
    self.unwritten = unwritten
    self.cutOff = cutOff
    self.certainty = certainty
  }

  /// The number of events that were not traced at all is not known.
  private var notTraced: [String] {
    guard !cutOff.isEmpty else { return [] }
    let names = cutOff.prefix(3).joined(separator: ", ") + (cutOff.count > 3 ? " …" : "")
    let programs =
      cutOff.count == 1 ? "1 PROGRAM WAS" : "\(grouped(UInt64(cutOff.count))) PROGRAMS WERE"
    return ["*** \(programs) NOT TRACED, OR NOT TO THE END: \(names) ***"]
  }

  /// Advice for each kind of loss.
  private func advice(_ causes: [LossCause]) -> [String] {
    var advice: [String] = []
    if causes.contains(.tooEarly) {
      advice.append(
        "    let the program wait for the session: TRACE_REGISTER_TIMEOUT=10000 (ms) in its "
          + "environment")
    }
    if causes.contains(.undescribed) {
      advice.append("    add the events to their provider's ProviderDescription")
    }
    if causes.contains(.runtimeBufferFull) {
      advice.append(
        "    ask the runtime for fewer events (fewer keywords, or a lower level): -buffer-size "
          + "does not change its own buffer")
    }
    let others = causes.filter {
      ![.tooEarly, .undescribed, .runtimeBufferFull].contains($0)
    }
    // The kernel's rings already have the permitted size; only fewer records help.
    if others == [.kernelBufferFull] {
      advice.append(
        "    take fewer samples (-providers CPU:99), or sample fewer processes (-process, -p)"
      )
    } else if !others.isEmpty {
      advice.append("    use a larger -buffer-size, fewer events, or -mode block")
    }
    return advice
  }

  var lines: [String] { [heading] + events + losses }

  private var losses: [String] { lossLines + notTraced }

  /// Losses, which are printed even with `-quiet`.
  var lostLines: [String] { hasLosses ? losses : [] }

  private var hasLosses: Bool {
    unwritten > 0 || !cutOff.isEmpty || certainty != .exact
      || file.lossTotals.contains { $0.count > 0 && $0.cause != .overwritten }
  }

  private var heading: String {
    let size = readableBytes(file.byteCount)
    guard file.eventCount > 0 else {
      return "\(file.path): no events from \(processes), \(size)"
    }
    let perEvent = fixed(Double(file.byteCount) / Double(file.eventCount), decimals: 2)
    return "\(file.path): \(counted(file.eventCount, "event")) from \(processes) in "
      + "\(readableDuration(nanoseconds: file.durationNanoseconds)), \(size), "
      + "\(perEvent) bytes/event"
  }

  private var processes: String {
    let all = InfoReport.ProcessRow.rows(of: Replay(file))
    let names = all.prefix(3).map { process in
      let name = process.executable.split(separator: "/").last.map(String.init) ?? "?"
      return "\(name) (\(process.pid))"
    }
    let count = all.count
    switch count {
    case 0: return "no process"
    case 1...3: return names.joined(separator: ", ")
    default: return "\(count) processes: \(names.joined(separator: ", ")) …"
    }
  }

  private var events: [String] {
    let types = file.eventTypes.filter { $0.count > 0 }
      .sorted { ($1.count, $0.index) < ($0.count, $1.index) }
    let rows = types.prefix(Self.typeLimit).map {
      [grouped($0.count), "\($0.schema.provider)/\($0.schema.name)"]
    }
    var lines = Table(rightAligned: [0], rows: rows).lines
    if types.count > rows.count {
      lines.append("  … and \(counted(types.count - rows.count, "more type"))")
    }
    return lines
  }

  /// The line printed if no loss was counted.
  private var nothingLost: String {
    if let sentence = certainty.sentence(0) { return "*** \(sentence) ***" }
    return cutOff.isEmpty ? "  0 lost" : "  0 lost of the others"
  }

  private var lossLines: [String] {
    var byCause: [String: UInt64] = [:]
    let lostCauses = Set(
      file.lossTotals.filter { $0.count > 0 && $0.cause != .overwritten }.map(\.cause)
    ).sorted { $0.rawValue < $1.rawValue }
    var overwritten: UInt64 = 0
    for total in file.lossTotals {
      // A flight recorder overwrites events by design.
      if total.cause == .overwritten {
        overwritten &+= total.count
      } else {
        byCause[total.cause.name, default: 0] &+= total.count
      }
    }
    if unwritten > 0 { byCause["not written", default: 0] &+= unwritten }
    let older =
      overwritten > 0 ? ["  \(counted(overwritten, "older event")) overwritten, as asked"] : []
    let lost = byCause.values.reduce(0, &+)
    guard lost > 0 else { return older + [nothingLost] }
    let causes = byCause.filter { $0.value > 0 }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\(grouped($0.value)) \($0.key)" }
    let share = Double(lost) / (Double(lost) + Double(file.eventCount)) * 100
    let sentence = certainty.sentence(lost, share: " (\(fixed(share, decimals: 2)) %)") ?? ""
    return older + ["*** \(sentence): " + causes.joined(separator: ", ") + " ***"]
      + (unwritten > 0 ? [] : advice(lostCauses))
  }
}
