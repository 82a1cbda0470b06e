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

  static func format(_ query: PprofQuery) throws(PprofRefusal) -> Format {
    if query.text("seconds") != nil {
      throw PprofRefusal(
        400, "The parameter 'seconds' does not apply: the threads are shown as they are now.")
    }
    let number = try query.number("debug", in: 0...2, default: 0)
    return Format(rawValue: number) ?? .profile
  }

  static func answer(
    as name: String, _ format: Format, _ cancellation: Cancellation
  ) throws(PprofRefusal) -> PprofResponse {
    let start_ns = ClockSync.now(.monotonic).realtimeNanoseconds
    let entries = try ThreadDump.take(cancellation)
    do {
      let profile = try profile(of: entries)
      switch format {
      case .grouped: return PprofResponse(text: ThreadTexts(entries, profile).grouped(name))
      case .each: return PprofResponse(text: ThreadTexts(entries, profile).each())
      case .profile: break
      }
      let count = PprofHeading.ValueType(name, "count")
      let heading = PprofHeading(
        types: [count], period: (count, 1), start_ns: Int64(clamping: start_ns), duration_ns: 0)
      return PprofResponse(file: name, PprofBody(PprofBytes.make(profile, heading)))
    } catch {
      throw PprofRefusal(500, "The stacks cannot be shown: \(error).")
    }
  }

  private static func profile(of entries: [ThreadDump.Entry]) throws -> StackProfile {
    let trace = try OwnTrace(threads: entries.map(\.thread))
    for entry in entries { try trace.add(entry.stack ?? [], tid: entry.thread.tid) }
    return try OwnTrace.profile(of: trace.file(), isSamples: false)
  }
}
