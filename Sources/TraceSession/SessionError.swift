public import TraceControl
public import TraceFormat

/// The reason why a session cannot start.
public enum SessionError: Error, Hashable, Sendable, CustomStringConvertible {
  case runtimeDirectory(RuntimeDirectoryError)
  /// A system call failed; `code` is its errno.
  case system(call: String, code: Int32)
  /// Buffers of this size could not be allocated.
  case buffers(bytesPerCPU: Int, cpuCount: Int, reason: String)
  case output(FormatError)
  case alreadyStarted
  /// The process does not exist.
  case noSuchProcess(pid: UInt32)
  /// Only CPU samples or context switches were requested, and they are not available.
  case samplingUnavailable(SamplingLadder)
  /// The requested rate exceeds the kernel's maximum.
  case samplingRate(Int, most: Int)

  public var description: String {
    switch self {
    case .runtimeDirectory(let error): error.description
    case .system("pthread_create", let code):
      "the session cannot start: no thread can be created (\(systemMessage(code))); raise the "
        + "limit on processes (ulimit -u) or on memory"
    case .system(let call, let code):
      "the session cannot start: \(call): \(systemMessage(code))"
    case .buffers(let bytes, let cpus, let reason):
      "no memory for buffers of \(bytes >> 10) KiB for each of \(cpus) CPUs (\(reason)); "
        + "use smaller buffers"
    case .output(let error): error.description
    case .alreadyStarted: "the session was started before; create a new one"
    case .noSuchProcess(let pid):
      "there is no process \(pid); `tracectl providers` lists the running ones"
    case .samplingUnavailable(let ladder): "no CPU samples can be taken: \(ladder.note)"
    case .samplingRate(let rate, let most):
      "the kernel takes at most \(most) samples a second, not \(rate); raise "
        + "kernel.perf_event_max_sample_rate, or use a lower rate"
    }
  }
}
