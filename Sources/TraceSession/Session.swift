import CTraceShims
import Glibc
import Locks
import TraceAnalysis
import TraceControl
public import TraceFormat

/// A trace session. It finds running and new processes that have providers, enables the selected
/// events, and writes the emitted events to a file.
///
///     var configuration = SessionConfiguration(
///       providers: try ProviderSpec.parse("GC,JIT"), outputPath: "trace.etl")
///     let session = Session(configuration)
///     try session.start()
///     …
///     let statistics = session.stop()
///
/// - Guarantee: processes that violate the protocol are listed in ``processes`` with their problems
///   and disconnected; other processes are not affected. When the session ends, however it does,
///   processes leave its buffers.
/// - Trap: a session released without ``stop()`` continues until the process ends.
public final class Session: Sendable {
  struct Running {
    var rendezvous: Rendezvous
    var drain: Drain
    var wake: WakeSocket
    var startNanoseconds: UInt64
    var description: SessionDescription
    var sources: SystemSources?
    var dotNet: DotNetSource?
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
  private let state = Lock(State.new)
  /// What serves the programs that a command has left.
  private let left = Lock<DotNetSource?>(nil)
  /// Held by the one who stops the session.
  private let stopping = Lock(())

  /// Maximum times to wait for the end of the last rundown and for processes to detach.
  private static let captureStateLimit_ns: UInt64 = 10_000_000_000
  private static let detachLimit_ns: UInt64 = 2_000_000_000

  public init(_ configuration: SessionConfiguration) {
    self.configuration = configuration
    places = RendezvousPaths.listening()
  }

  /// Creates a session that listens in the first usable one of `places`.
  init(_ configuration: SessionConfiguration, places: [RendezvousPaths.Place]) {
    self.configuration = configuration
    self.places = places
  }

  /// Opens the file, publishes the session, and returns. Running processes are enabled within
  /// milliseconds, new ones before their first event.
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
    // Steps that may be refused come before the file, so that a session that fails to start leaves
    // no file behind.
    let listener = try SessionListener(places: places)
    let wake = try WakeSocket()
    let description = SessionDescription.starting(configuration)
    var configuration = configuration
    // A child whose parent ends before it joins is then recognized by its pid.
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
      let sources = try makeSources(drain, rendezvous, symbols?.files)
      return Running(
        rendezvous: rendezvous, drain: drain, wake: wake,
        startNanoseconds: trace_monotonic_ns(), description: description, sources: sources,
        dotNet: try makeDotNet(drain, rendezvous, sources), symbols: symbols, hub: hub)
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

  private func makeDotNet(
    _ drain: Drain, _ rendezvous: Rendezvous, _ sources: SystemSources?
  ) throws(SessionError) -> DotNetSource? {
    guard let source = DotNetSource(configuration, drain, rendezvous) else { return nil }
    do throws(SessionError) { try source.start() } catch {
      sources?.stop()
      rendezvous.stop(captureStateNanoseconds: 0, detachNanoseconds: Self.detachLimit_ns)
      throw error
    }
    return source
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

  /// Detaches all processes, reads the remaining events, and ends the file.
  ///
  /// - Guarantee: an event whose `emit` returned before the call is in the file, or counted as
  ///   lost.
  /// - Cost: some milliseconds, plus bounded waits: two seconds for a process that does not answer,
  ///   ten for the rundown at the end (``SessionConfiguration/capturesStateAtStop``), five for
  ///   reading jitdump files and perf maps, about six for symbols. Repeated calls return the same
  ///   result.
  @discardableResult
  public func stop() -> SessionStatistics {
    stopping.withLock { _ in
      if let running = runningNow { stop(running) }
    }
    return statistics
  }

  private func stop(_ running: Running) {
    running.dotNet?.stop()
    left.withLock { $0 = running.dotNet }
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

  /// Enables providers, or replaces their previous specifications.
  public func enable(_ specs: [ProviderSpec]) {
    runningNow?.rendezvous.change { state in
      state.table.enable(specs)
      state.grantAll(Set(specs.map(\.name)))
    }
  }

  /// Disables a provider.
  public func disable(provider name: String) {
    runningNow?.rendezvous.change { state in
      state.table.disable(name)
      state.grantAll([name])
    }
  }

  /// Requests that a provider, or all providers, report their existing state, as events marked as
  /// rundown.
  public func captureState(provider name: String? = nil) {
    runningNow?.rendezvous.change { $0.captureState(provider: name) }
  }

  /// Makes processes take CPU samples of themselves, one per `interval_ns` of each thread's CPU
  /// time; 0 ends it.
  func sampleThreads(interval_ns: UInt64) {
    runningNow?.rendezvous.change { $0.sampleThreads(interval_ns: interval_ns) }
  }

  /// Waits until every connected process has executed the requests sent to it, at most `timeout`;
  /// returns whether they have.
  @discardableResult
  public func waitUntilEnabled(timeout: Duration) -> Bool {
    runningNow?.rendezvous.state.wait(nanoseconds: timeout.nanoseconds) { state in
      state.links.values.allSatisfy { $0.unconfirmed.isEmpty && $0.capturing.isEmpty }
    } ?? false
  }

  /// Requests an update of the file.
  public func flush() { runningNow?.drain.flush() }

  /// The current statistics, or those at the end.
  public var statistics: SessionStatistics {
    switch state.withLock({ $0 }) {
    case .new: SessionStatistics()
    case .running(let running): figures(running)
    case .stopped(let last, _, _): last
    }
  }

  /// The processes that have connected to the session, in order.
  public var processes: [TracedProcess] {
    switch state.withLock({ $0 }) {
    case .new: []
    case .running(let running): processes(running)
    case .stopped(_, let processes, _): processes
    }
  }

  /// Problems that concern no process in ``processes``.
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
    return (running.sources?.problems(processesJoined: joined) ?? [])
      + (running.dotNet?.problems ?? []) + problems
      + BufferProblems(drained).sentences(among: processes) + drained.limitedProcesses.sentences
      + (running.symbols?.problem.map { [$0] } ?? [])
  }

  /// Environment variables for a program started to be traced by this session; they make it wait
  /// for the session. Descendants of this process do so without them.
  public var variablesForCommand: [(name: String, value: String)] {
    guard let running = runningNow else { return [] }
    return [(RendezvousPaths.sessionVariable, running.rendezvous.listener.name)]
      + (running.dotNet?.variables ?? [])
  }

  /// Call it after ``start()``, and before this process adopts orphans or starts a command: if this
  /// process is killed, .NET programs that the command's programs start later do not wait forever.
  /// The command is that of ``leaveRuntimes(to:)``.
  ///
  /// - Cost: a process that sleeps, if runtimes are to be traced.
  public func guardRuntimes(with command: [String]) {
    runningNow?.dotNet?.guardPort(with: command)
  }

  /// Call it after ``stop()`` before the process ends, if a command was traced: programs that the
  /// command has left may start .NET programs, which wait to be told to go on. If there are any,
  /// this starts another program that does so: it must call
  /// ``DotNetKeeper/run(descriptor:address:)`` with its standard input and its last argument.
  ///
  /// - Parameter command: the program's path, and its arguments.
  public func leaveRuntimes(to command: [String]) {
    left.withLock { $0 }?.leavePort(to: command)
  }

  /// The trace's session description, while the session runs.
  public var description: SessionDescription? { runningNow?.description }

  private func processes(_ running: Running) -> [TracedProcess] {
    let buffers = BufferProblems(running.drain.statistics)
    var processes = running.rendezvous.state.withLock { $0.processes }
    for position in processes.indices {
      guard let index = processes[position].index else { continue }
      processes[position].problems += buffers.sentences(for: index)
    }
    return processes + (running.dotNet?.processes ?? [])
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
    if let lost = running.dotNet?.lost, lost > 0 {
      result.lost[.runtimeBufferFull] = lost
    }
    result.failure = drained.failure
    result.liveEventsDropped = running.hub?.dropped ?? 0
    running.rendezvous.state.withLock { state in
      result.processes = state.links.values.count { $0.slot != nil }
      result.processesSeen = state.processesSeen
      result.connectionsRefused = state.turnedAway
    }
    let dotNet = running.dotNet?.processes ?? []
    result.processes += dotNet.count { $0.isRunning }
    result.processesSeen += dotNet.count
    return result
  }
}
