internal import Glibc
internal import TraceAnalysis
internal import TraceExport
internal import TraceFormat

/// `threads` and `goroutine`: the stacks of all threads.
enum ThreadsEndpoint {
  /// The values of the parameter `debug`.
  enum Format: Int {
    case profile = 0
    case grouped
    case each
  }

  struct Parameters {
    var format: Format
    /// Nil for the stacks as they are now.
    var delta: DeltaTime?

    init(_ query: PprofQuery, _ options: PprofOptions) throws(PprofRefusal) {
      let number = try query.number("debug", in: 0...2, default: 0)
      format = Format(rawValue: number) ?? .profile
      delta = try DeltaTime(query, options)
    }
  }

  static func answer(
    as name: String, _ parameters: Parameters, _ cancellation: Cancellation
  ) throws(PprofRefusal) -> PprofResponse {
    let start_ns = ClockSync.now(.monotonic).realtimeNanoseconds
    let count = PprofHeading.ValueType(name, "count")
    var heading = PprofHeading(
      types: [count], period: (count, 1), start_ns: Int64(clamping: start_ns), duration_ns: 0)
    let entries = try ThreadDump.take(cancellation)
    var later: [ThreadDump.Entry] = []
    if let delta = parameters.delta {
      heading.duration_ns = try delta.wait(cancellation)
      later = try ThreadDump.take(cancellation)
    }
    do {
      if parameters.delta != nil {
        let bytes = try difference(entries, later, heading)
        return PprofResponse(file: name + "-delta", PprofBody(bytes))
      }
      let profile = try profile(of: entries)
      switch parameters.format {
      case .grouped: return PprofResponse(text: ThreadTexts(entries, profile).grouped(name))
      case .each: return PprofResponse(text: ThreadTexts(entries, profile).each())
      case .profile:
        return PprofResponse(file: name, PprofBody(PprofBytes.make(profile, heading)))
      }
    } catch {
      throw PprofRefusal(500, "The stacks cannot be shown: \(error).")
    }
  }

  /// How many more threads have each stack than before.
  private static func difference(
    _ before: [ThreadDump.Entry], _ after: [ThreadDump.Entry], _ heading: PprofHeading
  ) throws -> [UInt8] {
    var counts: [[UInt64]: Int64] = [:]
    for entry in after { counts[entry.stack ?? [], default: 0] += 1 }
    for entry in before { counts[entry.stack ?? [], default: 0] -= 1 }
    let rows = counts.filter { $0.value != 0 }.map { $0 }
    let stacks = try NumberedStacks(naming: rows.map(\.key), areCalls: false)
    let samples = rows.enumerated().map { index, row in
      PprofStacks.Sample(node: stacks.node(UInt32(index + 1)), values: [row.value])
    }
    return PprofBytes.make(stacks.profile, heading, samples)
  }

  private static func profile(of entries: [ThreadDump.Entry]) throws -> StackProfile {
    let trace = try OwnTrace(threads: entries.map(\.thread))
    for entry in entries { try trace.add(entry.stack ?? [], tid: entry.thread.tid) }
    return try OwnTrace.profile(of: trace.file(), isSamples: false)
  }
}
