internal import Glibc
internal import Locks
internal import TraceSession

/// `trace`: a trace file of this process.
final class TraceEndpoint: Sendable {
  static let secondsUsual = 1.0
  /// All events of the program, and CPU samples.
  static let providersUsual = "*,CPU:99"

  private let isBusy = Lock(false)

  struct Parameters {
    var session: OwnSession

    init(_ query: PprofQuery, _ options: PprofOptions) throws(PprofRefusal) {
      let seconds = try query.seconds(default: secondsUsual, limit: options.secondsMax)
      do {
        let selection = try SourceSelection.parse(query.text("providers") ?? providersUsual)
        let stacks = try query.text("stacks").map { text throws(ProviderSpecError) in
          try StackSpec.parse(text)
        }
        session = OwnSession(
          selection: selection, stacks: stacks ?? [], length_ns: UInt64(seconds * 1e9),
          bytesMax: options.traceBytesMax)
      } catch {
        throw PprofRefusal(400, "The parameters 'providers' and 'stacks': \(error).")
      }
    }
  }

  /// Records a trace.
  func answer(
    _ parameters: Parameters, _ cancellation: Cancellation
  ) throws(PprofRefusal) -> PprofResponse {
    let isFirst = isBusy.withLock { isBusy in
      defer { isBusy = true }
      return !isBusy
    }
    guard isFirst else {
      throw PprofRefusal(
        409, "A trace is already being recorded; only one can be recorded at a time.")
    }
    defer { isBusy.withLock { $0 = false } }
    let file = try OpenFile()
    try parameters.session.record(into: file.descriptor, cancellation)
    if cancellation.isSet { throw PprofRefusal(503, "The trace was ended.") }
    return PprofResponse(file: "trace.etl", PprofBody(file))
  }
}
