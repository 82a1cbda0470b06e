internal import Glibc
internal import Locks
internal import TraceExport
internal import TraceFormat

/// `profile`: a CPU profile of this process.
final class CPUEndpoint: Sendable {
  static let secondsUsual = 30.0
  static let rateUsual = 99
  /// Maximum number of samples of one profile.
  static let samplesMax: UInt64 = 4 << 20

  private let isBusy = Lock(false)

  struct Parameters {
    var seconds: Double
    var rate: Int

    init(_ query: PprofQuery, _ options: PprofOptions) throws(PprofRefusal) {
      seconds = try query.seconds(default: secondsUsual, limit: options.secondsMax)
      rate = try query.number("rate", in: CPUSampler.rates, default: rateUsual)
    }
  }

  /// Takes a profile; its names are found afterwards.
  func answer(
    _ parameters: Parameters, _ cancellation: Cancellation
  ) throws(PprofRefusal) -> PprofResponse {
    let isFirst = isBusy.withLock { isBusy in
      defer { isBusy = true }
      return !isBusy
    }
    guard isFirst else { throw CPUSampler.busy }
    defer { isBusy.withLock { $0 = false } }
    let start_ns = ClockSync.now(.monotonic).realtimeNanoseconds
    let samples = try CPUSampler.run(
      rate: parameters.rate, seconds: parameters.seconds, cancellation: cancellation)
    if cancellation.isSet { throw PprofRefusal(503, "The profile was ended.") }
    do {
      let bytes = try Self.bytes(of: samples, start_ns: Int64(clamping: start_ns))
      return PprofResponse(file: "profile", PprofBody(bytes))
    } catch {
      throw PprofRefusal(500, "The profile cannot be made: \(error).")
    }
  }

  private static func bytes(of samples: CPUSampler.Samples, start_ns: Int64) throws -> [UInt8] {
    let trace = try OwnTrace(threads: samples.threads.values.sorted { $0.tid < $1.tid })
    var (kept, lost) = (UInt64(0), samples.lost)
    for (key, count) in samples.counts.counts {
      let part = min(count, samplesMax - kept)
      kept += part
      lost &+= count - part
      try trace.add(samples: part, weight: samples.interval_ns, key.stack, tid: key.tid)
    }
    let profile = try OwnTrace.profile(of: trace.file(), isSamples: true)
    var heading = PprofHeading(
      types: [.init("samples", "count"), .init("cpu", "nanoseconds")],
      period: (.init("cpu", "nanoseconds"), samples.interval_ns), start_ns: start_ns,
      duration_ns: Int64(clamping: samples.duration_ns))
    if lost > 0 { heading.comments.append("\(lost) samples were lost: there was no room for them") }
    return PprofBytes.make(profile, heading)
  }
}
