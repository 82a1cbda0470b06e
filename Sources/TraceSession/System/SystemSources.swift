import CTraceShims
import Glibc
import Locks
import TraceControl
import TraceEvents
import TraceFormat
import TraceKernel

/// The events that a session records in addition to those that programs emit. Started and stopped
/// by the session.
final class SystemSources: Sendable {
  /// How CPU samples are taken; nil if none were requested.
  let ladder: SamplingLadder?
  /// The sources, in the order in which they were started and are stopped: runtimes' files, which
  /// name the samples' code, are read last.
  private let sources: [any SessionSource]
  private let firstProblems: [String]

  /// Nil if the session needs no such events.
  ///
  /// - Throws: ``SessionError/samplingUnavailable(_:)`` if there is nothing else to record.
  init?(
    _ configuration: SessionConfiguration, _ drain: Drain, _ rendezvous: Rendezvous,
    _ files: ImageFiles
  ) throws(SessionError) {
    let isKernelWanted = configuration.cpuSampling != nil || configuration.contextSwitches
    guard
      isKernelWanted || !configuration.stacks.isEmpty || !configuration.processes.pids.isEmpty
        || configuration.systemCounters != nil
    else { return nil }
    if let rate = configuration.cpuSampling?.rate, let most = PerfSettings.rateMax, rate > most {
      throw .samplingRate(Int(rate), most: most)
    }
    let hasCounters = configuration.systemCounters != nil
    let schema: ProviderSchema = hasCounters ? .system : .systemWithoutCounters
    let numbers = rendezvous.change { $0.define(own: schema) }
    guard let refs = SystemRefs(numbers), !hasCounters || numbers.count == schema.events.count
    else { throw .system(call: "RefTable", code: ENOSPC) }
    let channel = SystemChannel(drain, refs: refs, images: files)
    var ladder = SamplingLadder()
    let codeFiles = CodeFileSource(channel)
    let kernel =
      isKernelWanted
      ? Self.kernelEvents(configuration, channel, rendezvous, codeFiles, &ladder) : nil
    if kernel == nil, let sampling = configuration.cpuSampling {
      Self.stepDown(&ladder, sampling, rendezvous)
    }
    firstProblems = ladder.note.isEmpty ? [] : [ladder.note]
    self.ladder = configuration.cpuSampling == nil ? nil : ladder
    if isKernelWanted, kernel == nil, ladder.taken == nil, configuration.providers.isEmpty,
      !hasCounters
    {
      throw .samplingUnavailable(ladder)
    }
    let others: [any SessionSource] =
      kernel == nil
      ? Self.joinedPrograms(configuration, channel, rendezvous, isKernelWanted) : [codeFiles]
    let counters = Self.counters(configuration, drain, refs, rendezvous)
    let started = (counters.map { [$0] } ?? []) + others
    if let kernel { sources = [kernel] + started } else { sources = started }
    Self.tell(ladder, configuration.cpuSampling, channel)
    for source in started { try source.start() }
  }

  /// Stops all sources.
  func stop() { for source in sources { source.stop() } }

  /// Starts the kernel's events in the widest permitted scope; nil if there are none.
  private static func kernelEvents(
    _ configuration: SessionConfiguration, _ channel: SystemChannel, _ rendezvous: Rendezvous,
    _ codeFiles: CodeFileSource, _ ladder: inout SamplingLadder
  ) -> PerfSource? {
    for scope in scopes(configuration) {
      let wish = PerfPlan.Wish(
        sampling: configuration.cpuSampling, contextSwitches: configuration.contextSwitches,
        switchStacks: configuration.switchStacks, scope: scope)
      let filter = ProgramFilter(configuration.processes)
      let source = PerfSource(wish, filter: filter, channel: channel, codeFiles: codeFiles) {
        pid in
        rendezvous.state.withLock { $0.index(ofPID: pid) }
      }
      let plan: PerfPlan
      do {
        try source.start()
        guard let outcome = source.outcome else { continue }
        plan = try outcome.get()
      } catch {
        // A refusal of the better way to take the same samples is not reported.
        if case .descendants = scope { continue }
        if case .wholeMachine = scope, !configuration.processes.pids.isEmpty { continue }
        ladder.add(.init(.kernelEvents, isTaken: false, note: sentence(error, for: scope)))
        continue
      }
      ladder.source = plan.source
      ladder.hasKernelFrames = plan.hasKernelFrames
      ladder.add(.init(.kernelEvents, isTaken: true, note: note(plan)))
      return source
    }
    return nil
  }

  /// The counters of the machine, and of the processes that the session records; nil if they are
  /// not wanted.
  private static func counters(
    _ configuration: SessionConfiguration, _ drain: Drain, _ refs: SystemRefs,
    _ rendezvous: Rendezvous
  ) -> (any SessionSource)? {
    configuration.systemCounters.map { sampling in
      CounterSource(
        interval_ns: sampling.interval_ns, SystemChannel(drain, refs: refs), configuration.processes
      ) {
        rendezvous.state.withLock { $0.connected }
      }
    }
  }

  /// Falls back to samples that programs which link TraceProvider take of themselves.
  private static func stepDown(
    _ ladder: inout SamplingLadder, _ sampling: CPUSampling, _ rendezvous: Rendezvous
  ) {
    rendezvous.change { $0.sampleThreads(interval_ns: sampling.period_ns) }
    ladder.source = .threadTimer
    ladder.hasKernelFrames = false
    ladder.add(
      .init(
        .threadTimers, isTaken: true,
        note: "only programs that link TraceProvider are sampled, by their own timers"))
  }

  /// The mappings of programs that join, the thread names of listed ones, and their runtimes'
  /// files, for a session without the kernel's events.
  private static func joinedPrograms(
    _ configuration: SessionConfiguration, _ channel: SystemChannel, _ rendezvous: Rendezvous,
    _ areSamplesWanted: Bool
  ) -> [any SessionSource] {
    let connected: CodeFileSource.Connected = { rendezvous.state.withLock { $0.connected } }
    let areStacksWanted = areSamplesWanted || !configuration.stacks.isEmpty
    let images = areStacksWanted ? ConnectedImages(channel, connected: connected) : nil
    let names = configuration.processes.pids.isEmpty ? nil : ConnectedThreads(channel)
    // Running programs may have joined before the sources start.
    let joined = rendezvous.change {
      $0.onWelcome = { [weak images, weak names] process in
        images?.look(at: process)
        names?.add(process)
      }
      return $0.connected
    }
    for process in joined { names?.add(process) }
    let files = areStacksWanted ? CodeFileSource(channel, connected: connected) : nil
    let all: [(any SessionSource)?] = [images, names, files]
    return all.compactMap { $0 }
  }

  /// Number of records dropped for lack of space.
  var lost: UInt64 { sources.reduce(0) { $0 &+ $1.lost } }

  /// Problems, as sentences; those of the source that stops last come first.
  func problems(processesJoined: Int) -> [String] {
    let sentences = firstProblems + sources.reversed().flatMap(\.problems)
    guard ladder?.taken == .threadTimers, processesJoined == 0 else { return sentences }
    return sentences + ["there are no CPU samples: no program that links TraceProvider was seen"]
  }

  private static func sentence(_ error: any Error, for scope: PerfScope) -> String {
    guard var refusal = error as? PerfRefusal else { return "\(error)" }
    if case .wholeMachine = scope { refusal.isWholeMachine = true }
    return refusal.description
  }

  /// The scopes to try, widest first.
  private static func scopes(_ configuration: SessionConfiguration) -> [PerfScope] {
    let filter = configuration.processes
    guard let ancestor = filter.ancestor else {
      if filter.takesChildren { return [.families(filter.pids.sorted())] }
      if !filter.pids.isEmpty {
        let listed = PerfScope.processes(filter.pids.sorted())
        // Events of CPUs would also be accepted for a process that does not exist, and record
        // nothing.
        let areThere = filter.pids.contains {
          kill(pid_t(bitPattern: $0), 0) == 0 || errno == EPERM
        }
        return areThere && samplesByCPU(configuration) ? [.wholeMachine, listed] : [listed]
      }
      let own = ProcFiles.processes().filter { ProcFiles.user(of: $0) == geteuid() }
      return [.wholeMachine, .processes(own.filter { $0 != UInt32(getpid()) })]
    }
    if ancestor == UInt32(getpid()), filter.pids.isEmpty {
      let thread = Int32(trace_thread_id())
      return samplesByCPU(configuration)
        ? [.descendants(ofThread: thread), .children(ofThread: thread)]
        : [.children(ofThread: thread)]
    }
    let descendants = ProcFiles.processes().filter {
      $0 == ancestor || ProcessIdentity.ancestors(of: $0).contains(ancestor)
    }
    return [.processes(filter.pids.union(descendants).sorted())]
  }

  /// Whether some processes are sampled by events of the CPUs, if permitted. All other processes
  /// are then interrupted by samples, too, so this is not used if stacks would be copied, nor on
  /// machines with many CPUs, which may be busy with other work.
  private static func samplesByCPU(_ configuration: SessionConfiguration) -> Bool {
    guard let sampling = configuration.cpuSampling, !sampling.walk.copiesStacks else {
      return false
    }
    return PerfSettings.onlineCPUs.count <= sharedCPUsMax
  }

  private static let sharedCPUsMax = 32

  private static func note(_ plan: PerfPlan) -> String {
    if plan.hasKernelFrames { return "" }
    let level = PerfSettings.paranoid.map { " is \($0)" } ?? ""
    return "time in the kernel is not sampled: kernel.perf_event_paranoid\(level); "
      + "set it to 1 (sysctl kernel.perf_event_paranoid=1)"
  }

  private static func tell(
    _ ladder: SamplingLadder, _ sampling: CPUSampling?, _ channel: SystemChannel
  ) {
    guard let sampling else { return }
    let event = SamplingStarted(
      source: ladder.source, rate: ladder.taken == nil ? 0 : sampling.rate,
      hasKernelFrames: ladder.hasKernelFrames,
      stackBytes: ladder.taken == .kernelEvents ? UInt32(sampling.walk.copiedBytes) : 0,
      note: ladder.note)
    guard let batch = channel.take(waitingNanoseconds: 1_000_000_000) else { return }
    let stretch = batch.stretch(stream: StreamNumbers.machine, cpu: EventHeader.noCPU)
    let header = SystemBatch.Header(
      ref: channel.refs.ref(of: SamplingStarted.self),
      ticks: ClockKind.here.now(), process: 0,
      tid: trace_thread_id())
    batch.add(event, header, stretch: stretch)
    channel.send(batch)
  }
}
