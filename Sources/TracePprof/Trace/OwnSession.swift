internal import CTraceShims
internal import Glibc
internal import TraceProvider
internal import TraceSession

/// A session of this process that records itself into a file without a name.
///
/// - Guarantee: when ``record(into:_:)`` returns, the session has ended.
/// - Cost: 1 MB of buffers for each CPU while it runs, less on machines with many. The first one
///   starts the thread that connects this process to sessions, which stays, as that of a provider
///   does.
struct OwnSession {
  /// Maximum memory for buffers, shared by the CPUs.
  private static let buffersMax = 64 << 20
  private static let look_ns: UInt64 = 20_000_000

  /// With a provider, this process connects to sessions, which can then have it take CPU samples of
  /// itself where the kernel's are not permitted.
  private static let provider = Provider("Pprof") { ProviderDescription(events: []) }

  var selection: SourceSelection
  var stacks: [StackSpec]
  var length_ns: UInt64
  /// The recording ends once the file has more than this.
  var bytesMax: Int

  /// Records until the time has passed, the file is large, or nobody waits for it.
  ///
  /// - Parameter file: an empty file; this does not close it.
  func record(into file: Int32, _ cancellation: Cancellation) throws(PprofRefusal) {
    Self.provider.register()
    let copy = fcntl(file, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw OpenFile.refusal }
    let session = Session(configuration(copy))
    do { try session.start() } catch { throw Self.refusal(error) }
    defer { session.stop() }
    let start = trace_monotonic_ns()
    while true {
      let passed = trace_monotonic_ns() &- start
      let now = session.statistics
      if passed >= length_ns || cancellation.isSet || now.bytes > UInt64(bytesMax) { break }
      if now.failure != nil { break }
      cancellation.wait(nanoseconds: min(Self.look_ns, length_ns - passed))
    }
    if let failure = session.stop().failure {
      throw PprofRefusal(500, "The trace cannot be written: \(failure).")
    }
  }

  private func configuration(_ descriptor: Int32) -> SessionConfiguration {
    var configuration = SessionConfiguration(selection, outputPath: "trace.etl")
    configuration.name = "pprof trace"
    configuration.outputDescriptor = descriptor
    configuration.processes.pids = [UInt32(getpid())]
    configuration.stacks += stacks
    let share = Self.buffersMax / max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    configuration.bufferBytesPerCPU = min(1 << 20, share)
    configuration.flushInterval = .milliseconds(50)
    return configuration
  }

  private static func refusal(_ error: SessionError) -> PprofRefusal {
    switch error {
    case .samplingUnavailable, .samplingRate:
      PprofRefusal(501, "The trace cannot be recorded: \(error).")
    default: PprofRefusal(500, "The trace cannot be recorded: \(error).")
    }
  }
}
