internal import Glibc
public import TraceFormat

/// Makes the profiles of several traces, as many at a time as there are cores.
///
/// - Guarantee: the profiles are the same as those that one thread makes.
/// - Cost: memory for the stacks of the traces that are read at the same time. They share the
///   memory that is allowed for the caches of one.
public struct RunProfiles {
  private let cores: Int
  private var jobs: [RunProfileJob] = []

  public init() { self.init(cores: sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  init(cores: Int) { self.cores = max(cores, 1) }

  /// Adds a trace.
  public mutating func add(
    _ file: TraceFile, _ selection: ReportSelection = ReportSelection(),
    per divisor: RunDivisor = .second, symbols: SymbolizerOptions = SymbolizerOptions(),
    shown: StackOptions = StackOptions()
  ) {
    jobs.append(
      RunProfileJob(
        file, RunProfilePass(selection, per: divisor, symbols: symbols, shown: shown)))
  }

  /// Returns the profiles, or why there is none, in the order in which traces were added.
  public func make() -> [Result<RunProfile, any Error>] {
    let count = min(cores, jobs.count)
    for job in jobs { job.share(with: count, cores: cores) }
    let teams = (0..<count).map { first in
      stride(from: first, to: jobs.count, by: count).map { jobs[$0] }
    }
    WorkerThreads.run(teams) { team in
      for job in team { job.run() }
    }
    return jobs.map { $0.take() }
  }
}

/// A trace whose profile is made.
///
/// Thread safety is not checked by the compiler: one thread at a time uses a job.
private final class RunProfileJob: @unchecked Sendable {
  private var work: (file: TraceFile, pass: RunProfilePass)?
  private var result: Result<RunProfile, any Error>?

  init(_ file: TraceFile, _ pass: RunProfilePass) { work = (file, pass) }

  func share(with sharers: Int, cores: Int) {
    work?.pass.sharers = sharers
    work?.pass.cores = max(cores / sharers, 1)
  }

  func run() {
    guard let work else { return }
    result = Result { try work.pass.report(from: Replay(work.file)) }
    // Frees the memory before the next trace is read.
    self.work = nil
  }

  func take() -> Result<RunProfile, any Error> {
    run()
    return result ?? .failure(FormatError.closed)
  }
}
