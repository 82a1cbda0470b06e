import CTraceShims
import Glibc
import Synchronization
import TraceAnalysis
import TraceControl
public import TraceFormat

/// A trace session: finds the processes that have providers, those that run and those that start
/// later, enables what is wanted, and writes what they emit to a file.
///
///     var configuration = SessionConfiguration(
///       providers: try ProviderSpec.parse("GC,JIT"), outputPath: "trace.etl")
///     let session = Session(configuration)
///     try session.start()
///     …
///     let statistics = session.stop()
///
/// - Guarantee: processes that misbehave are named in ``processes`` and lose their connection;
///   others are not disturbed. When the session ends, however it does, processes leave its buffers.
/// - Trap: a session that is dropped without ``stop()`` goes on until the process ends.
public final class Session: Sendable {
  struct Running {
    var rendezvous: Rendezvous
    var drain: Drain
    var wake: WakeSocket
    var startNanoseconds: UInt64
    var description: SessionDescription
    var sources: SystemSources?
    var symbols: SymbolsAtStop?
    /// Nil for a session whose file can be read while it is written.
    var hub: LiveHub?
  }

  private enum State {
    case new
    case running(Running)
    case stopped(SessionStatistics, [TracedProcess], [String])
  }

  public let configuration: SessionConfiguration
  private let places: [RendezvousPaths.Place]
  private let state = Mutex(State.new)
  /// Held by the one who stops the session.
  private let stopping = Mutex(())

  /// How long the end of the last rundown and of the detachment are waited for.
  private static let captureStateLimit_ns: UInt64 = 10_000_000_000
  private static let detachLimit_ns: UInt64 = 2_000_000_000

  public init(_ configuration: SessionConfiguration) {
    self.configuration = configuration
    places = RendezvousPaths.listening()
  }

  /// Listens in the first of `places` that can be used.
  init(_ configuration: SessionConfiguration, places: [RendezvousPaths.Place]) {
    self.configuration = configuration
    self.places = places
  }

  /// Opens the file, lets processes find the session, and returns; those that run are enabled
  /// within milliseconds, those that start later before their first event.
  public func start() throws(SessionError) {
    let running = try makeRunning()
    let isFirst = state.withLock { state in
      guard case .new = state else { return false }
      state = .running(running)
      return true
    }
    guard isFirst else { throw .alreadyStarted }
  }

  private func makeRunning() throws(SessionError) -> Running {
    if case .new = state.withLock({ $0 }) {} else { throw .alreadyStarted }
    for pid in configuration.processes.pids.sorted() where kill(pid_t(clamping: pid), 0) != 0 {
      if errno == ESRCH { throw .noSuchProcess(pid: pid) }
    }
    // First what may be refused, then the file: a session that cannot be leaves none behind.
    let listener = try SessionListener(places: places)
    let wake = try WakeSocket()
    let description = SessionDescription.starting(configuration)
    var configuration = configuration
    // A child whose parent ends before it joins is then known by its number.
    if configuration.processes.takesChildren {
      let family = configuration.processes.pids
      configuration.processes.pids.formUnion(ProcessFamily.descendants(of: family))
    }
    configuration.startTicks = description.start.ticks
    var writer = try makeWriter(description)
    let hub = try makeHub(description, &writer)
    var options = Drain.Options()
    options.flushNanoseconds = max(10_000_000, configuration.flushInterval.nanoseconds)
    options.keepsUntilStop = configuration.mode == .overwrite
    let symbols = SymbolsAtStop(configuration)
    if let symbols { options.symbols = { symbols.symbols(of: $0) } }
    if !writer.canBeReopened { symbols?.cannotReadBack() }
    let drain = try Drain(writer: writer, wakeDescriptor: wake.receiver, options: options)
    do {
      let rendezvous = try Rendezvous(
        configuration, listener: listener, sink: DrainSink(drain),
        wakeDescriptor: wake.sender)
      try rendezvous.start()
      return Running(
        rendezvous: rendezvous, drain: drain, wake: wake,
        startNanoseconds: trace_monotonic_ns(), description: description,
        sources: try makeSources(drain, rendezvous, symbols?.files), symbols: symbols, hub: hub)
    } catch {
      drain.stop()
      throw error
    }
  }

  private func makeSources(
    _ drain: Drain, _ rendezvous: Rendezvous, _ images: ImageFiles?
  ) throws(SessionError) -> SystemSources? {
    do throws(SessionError) {
      return try SystemSources(configuration, drain, rendezvous, images ?? ImageFiles(heldMax: 0))
    } catch {
      rendezvous.stop(captureStateNanoseconds: 0, detachNanoseconds: Self.detachLimit_ns)
      throw error
    }
  }

  private func makeHub(
    _ session: SessionDescription, _ writer: inout TraceWriter
  ) throws(SessionError) -> LiveHub? {
    if writer.canBeReopened { return nil }
    do {
      let hub = try LiveHub(session, fileID: writer.fileID)
      writer.onBlock = { hub.take($0) }
      return hub
    } catch { throw .output(error) }
  }

  private func makeWriter(_ session: SessionDescription) throws(SessionError) -> TraceWriter {
    let path = configuration.outputPath ?? "/dev/null"
    do {
      guard let descriptor = configuration.outputDescriptor else {
        return try TraceWriter(path: path, session: session)
      }
      return try TraceWriter(descriptor: descriptor, path: path, session: session)
    } catch { throw .output(error) }
  }

  /// Takes leave of every process, reads what they have emitted, and ends the file.
  ///
  /// - Guarantee: an event whose `emit` had returned is in the file, or counted as lost.
  /// - Cost: some milliseconds; up to two seconds when a process does not answer. Again: gives the
  ///   same.
  @discardableResult
  public func stop() -> SessionStatistics {
    stopping.withLock { _ in
      if let running = runningNow { stop(running) }
    }
    return statistics
  }

  private func stop(_ running: Running) {
    running.sources?.stop()
    let captureState = configuration.capturesStateAtStop ? Self.captureStateLimit_ns : 0
    running.rendezvous.stop(
      captureStateNanoseconds: captureState, detachNanoseconds: Self.detachLimit_ns)
    running.drain.stop()
    running.hub?.finish(running.drain.statistics.failure)
    let last = figures(running)
    let problems = problems(running)
    let processes = processes(running)
    state.withLock { $0 = .stopped(last, processes, problems) }
  }

  // MARK: While it runs

  /// Enables providers, or replaces what was wanted of them before.
  public func enable(_ specs: [ProviderSpec]) {
    runningNow?.rendezvous.change { state in
      state.table.enable(specs)
      state.grantAll(Set(specs.map(\.name)))
    }
  }

  /// Takes back what was wanted of a provider.
  public func disable(provider name: String) {
    runningNow?.rendezvous.change { state in
      state.table.disable(name)
      state.grantAll([name])
    }
  }

  /// Asks a provider, or each, to tell what already lives; the answer is events marked as rundown.
  public func captureState(provider name: String? = nil) {
    runningNow?.rendezvous.change { $0.captureState(provider: name) }
  }

  /// Lets processes take CPU samples of themselves, one each `interval_ns` of a thread's CPU time;
  /// 0 ends it.
  func sampleThreads(interval_ns: UInt64) {
    runningNow?.rendezvous.change { $0.sampleThreads(interval_ns: interval_ns) }
  }

  /// Waits until every process that is connected has done what it was told, at most `timeout`;
  /// whether they have.
  @discardableResult
  public func waitUntilEnabled(timeout: Duration) -> Bool {
    runningNow?.rendezvous.state.wait(nanoseconds: timeout.nanoseconds) { state in
      state.links.values.allSatisfy { $0.unconfirmed.isEmpty && $0.capturing.isEmpty }
    } ?? false
  }

  /// Brings the file up to date soon.
  public func flush() { runningNow?.drain.flush() }

  /// The figures as they are now, or were at the end.
  public var statistics: SessionStatistics {
    switch state.withLock({ $0 }) {
    case .new: SessionStatistics()
    case .running(let running): figures(running)
    case .stopped(let last, _, _): last
    }
  }

  /// The processes that the session has met, in that order.
  public var processes: [TracedProcess] {
    switch state.withLock({ $0 }) {
    case .new: []
    case .running(let running): processes(running)
    case .stopped(_, let processes, _): processes
    }
  }

  /// What was wrong and concerns no process in ``processes``.
  public var problems: [String] {
    switch state.withLock({ $0 }) {
    case .new: []
    case .running(let running): problems(running)
    case .stopped(_, _, let problems): problems
    }
  }

  private func problems(_ running: Running) -> [String] {
    let (joined, problems, processes) = running.rendezvous.state.withLock {
      ($0.processesSeen, $0.ownProblems + $0.sets.problems, $0.processes)
    }
    let drained = running.drain.statistics
    return (running.sources?.problems(processesJoined: joined) ?? []) + problems
      + BufferProblems(drained).sentences(among: processes) + drained.limitedProcesses.sentences
      + (running.symbols?.problem.map { [$0] } ?? [])
  }

  /// Environment variables for a program that is started to be traced by this session, so that it
  /// waits for it. Programs that are descendants of this process do so without.
  public var variablesForCommand: [(name: String, value: String)] {
    guard let name = runningNow?.rendezvous.listener.name else { return [] }
    return [(RendezvousPaths.sessionVariable, name)]
  }

  /// What the trace says of itself, while the session runs.
  public var description: SessionDescription? { runningNow?.description }

  private func processes(_ running: Running) -> [TracedProcess] {
    let buffers = BufferProblems(running.drain.statistics)
    var processes = running.rendezvous.state.withLock { $0.processes }
    for position in processes.indices {
      guard let index = processes[position].index else { continue }
      processes[position].problems += buffers.sentences(for: index)
    }
    return processes
  }

  var runningNow: Running? {
    state.withLock { if case .running(let running) = $0 { running } else { nil } }
  }

  private func figures(_ running: Running) -> SessionStatistics {
    let drained = running.drain.statistics
    var result = SessionStatistics()
    result.elapsed = .nanoseconds(
      Int64(clamping: trace_monotonic_ns() &- running.startNanoseconds))
    result.events = drained.events
    result.bytes = configuration.outputPath == nil ? 0 : drained.bytes
    result.lost = drained.lost
    result.lossesAreKnown = BufferProblems(drained).lossesAreKnown
    if let lost = running.sources?.lost, lost > 0 { result.lost[.kernelBufferFull] = lost }
    result.failure = drained.failure
    result.liveEventsDropped = running.hub?.dropped ?? 0
    running.rendezvous.state.withLock { state in
      result.processes = state.links.values.count { $0.slot != nil }
      result.processesSeen = state.processesSeen
      result.connectionsRefused = state.turnedAway
    }
    return result
  }
}
