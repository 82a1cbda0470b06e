import CTraceShims
import Glibc
import TraceControl
import TraceEvents
import TraceFormat

/// What a session records beside what programs emit. Started and stopped by the session.
final class SystemSources: Sendable {
  /// How CPU samples are taken; nil when none were asked for.
  let ladder: SamplingLadder?
  private let perf: PerfSource?
  /// Where the kernel's events do not tell of images.
  private let images: ConnectedImages?
  private let codeFiles: CodeFileSource
  private let firstProblems: [String]

  /// Nil when nothing of the kind is wanted.
  ///
  /// - Throws: ``SessionError/samplingUnavailable(_:)`` when there is nothing else to record.
  init?(
    _ configuration: SessionConfiguration, _ drain: Drain, _ rendezvous: Rendezvous,
    _ files: ImageFiles
  ) throws(SessionError) {
    let isPerfWanted = configuration.cpuSampling != nil || configuration.contextSwitches
    let areStacksWanted = isPerfWanted || !configuration.stacks.isEmpty
    guard areStacksWanted || !configuration.processes.pids.isEmpty else { return nil }
    if let rate = configuration.cpuSampling?.rate, let most = PerfSettings.rateMax, rate > most {
      throw .samplingRate(Int(rate), most: most)
    }
    let numbers = rendezvous.change { $0.define(own: .system) }
    guard let refs = SystemRefs(numbers) else { throw .system(call: "RefTable", code: ENOSPC) }
    let channel = SystemChannel(drain, refs: refs, images: files)
    var ladder = SamplingLadder()
    var started: PerfSource?
    let codeFiles = CodeFileSource(channel)
    for scope in isPerfWanted ? Self.scopes(configuration) : [] {
      let wish = PerfPlan.Wish(
        sampling: configuration.cpuSampling, contextSwitches: configuration.contextSwitches,
        scope: scope)
      let filter = ProgramFilter(configuration.processes)
      let source = PerfSource(wish, filter: filter, channel: channel, codeFiles: codeFiles) {
        pid in
        rendezvous.state.withLock { $0.index(ofPID: pid) }
      }
      do {
        let plan = try source.start()
        started = source
        ladder.source = plan.source
        ladder.hasKernelFrames = plan.hasKernelFrames
        ladder.add(.init(.kernelEvents, isTaken: true, note: Self.note(plan)))
        break
      } catch {
        // That the better way to the same samples is refused is no news.
        if case .descendants = scope { continue }
        if case .wholeMachine = scope, !configuration.processes.pids.isEmpty { continue }
        ladder.add(
          .init(.kernelEvents, isTaken: false, note: Self.sentence(error, for: scope)))
      }
    }
    perf = started
    if started == nil, let sampling = configuration.cpuSampling {
      Self.stepDown(&ladder, sampling, rendezvous)
    }
    firstProblems = ladder.note.isEmpty ? [] : [ladder.note]
    self.ladder = configuration.cpuSampling == nil ? nil : ladder
    if isPerfWanted, started == nil, ladder.taken == nil, configuration.providers.isEmpty {
      throw .samplingUnavailable(ladder)
    }
    images =
      started == nil
      ? try Self.watchConnected(rendezvous, channel, configuration, maps: areStacksWanted) : nil
    Self.tell(ladder, configuration.cpuSampling, channel)
    self.codeFiles = codeFiles
    guard areStacksWanted else { return }
    let joined: CodeFileSource.Connected = { rendezvous.state.withLock { $0.connected } }
    try codeFiles.start(connected: started == nil ? joined : nil)
  }

  /// Ends it all; what runtimes' files still have to say of the samples is read last.
  func stop() {
    perf?.stop()
    images?.stop()
    codeFiles.stop()
  }

  /// Without the kernel's events: what links TraceProvider samples itself.
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

  /// Where the kernel's events do not tell of the programs that join: what they map, if `maps` says
  /// so, and what the threads of listed ones are called.
  private static func watchConnected(
    _ rendezvous: Rendezvous, _ channel: SystemChannel, _ configuration: SessionConfiguration,
    maps: Bool
  ) throws(SessionError) -> ConnectedImages? {
    let images =
      maps ? ConnectedImages(channel) { rendezvous.state.withLock { $0.connected } } : nil
    let names = configuration.processes.pids.isEmpty ? nil : ConnectedThreads(channel)
    rendezvous.change {
      $0.onWelcome = { [weak images] process in
        images?.look(at: process)
        names?.tell(process)
      }
    }
    try images?.start()
    return images
  }

  /// Records that the kernel had no room for.
  var lost: UInt64 { perf?.figures.lost ?? 0 }

  /// What went wrong, in sentences.
  func problems(processesJoined: Int) -> [String] {
    guard let figures = perf?.figures else {
      let others = firstProblems + codeFiles.problems
      guard ladder?.taken == .threadTimers, processesJoined == 0 else { return others }
      return others + [
        "there are no CPU samples: no program that links TraceProvider was seen"
      ]
    }
    var sentences = firstProblems + codeFiles.problems
    if figures.throttled > 0 {
      sentences.append(
        "the kernel throttled sampling \(figures.throttled) times "
          + "(kernel.perf_cpu_time_max_percent); use a lower rate")
    }
    sentences += figures.stackProblems
    if figures.cutStacks > 0 {
      sentences.append(
        "\(figures.cutStacks) stacks have \(figures.framesMax) frames, the kernel's limit, and "
          + "may lack outer frames; raise kernel.perf_event_max_stack")
    }
    if figures.malformed > 0 {
      sentences.append("\(figures.malformed) of the kernel's records could not be read")
    }
    return sentences
  }

  private static func sentence(_ error: any Error, for scope: PerfScope) -> String {
    guard var refusal = error as? PerfRefusal else { return "\(error)" }
    if case .wholeMachine = scope { refusal.isWholeMachine = true }
    return refusal.description
  }

  /// Where to look, the widest first.
  private static func scopes(_ configuration: SessionConfiguration) -> [PerfScope] {
    let filter = configuration.processes
    guard let ancestor = filter.ancestor else {
      if filter.takesChildren { return [.families(filter.pids.sorted())] }
      if !filter.pids.isEmpty {
        let listed = PerfScope.processes(filter.pids.sorted())
        // Events of the CPUs would follow a process that is not there, too, and find nothing.
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

  /// Whether some processes are sampled by events of the CPUs, where that is permitted. It costs
  /// all others a sample's interrupt as well, so not where stacks would be copied, nor where many
  /// CPUs are busy with other work.
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
    let isMonotonic = !trace_ticks_are_invariant()
    let stretch = batch.stretch(stream: SystemBatch.firstStream + 0xffff, cpu: EventHeader.noCPU)
    let header = SystemBatch.Header(
      ref: channel.refs.ref(of: SamplingStarted.self),
      ticks: isMonotonic ? trace_monotonic_ns() : trace_ticks(), process: 0,
      tid: trace_thread_id())
    batch.add(event, header, stretch: stretch)
    channel.send(batch)
  }
}
