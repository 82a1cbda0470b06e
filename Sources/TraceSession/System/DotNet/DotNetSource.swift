import CTraceShims
import Glibc
import Locks
import OSStrings
import Synchronization
import TraceControl
import TraceEvents
import TraceFormat

/// Traces the .NET runtimes of a session's processes: those that run, and those that a command
/// starts.
///
/// - Guarantee: a runtime that waits for the session is told to go on, also after ``stop()`` and
///   when its events cannot be collected. At most ``processesMax`` processes are traced at a time.
/// - Cost: looks four times a second whether a directory has changed; a thread for each traced
///   process.
final class DotNetSource: Sendable {
  static let processesMax = 64
  /// The number of processes over the whole session.
  private static let allMax = 4096
  private static let lookMilliseconds: Int32 = 250
  /// The longest time that a runtime delays the beginning of the session.
  private static let beginLimit_ns: UInt64 = 3_000_000_000

  private struct State {
    var processes: [DotNetProcess] = []
    /// Processes without a runtime that answers, by the number of times that they were met.
    var attempts: [UInt32: Int] = [:]
    var problems: [String] = []
    var refused = 0
    var strangers = 0
    var count: UInt32 = 0
    /// Whether no more processes are traced.
    var isClosed = false
    /// The number of looks so far.
    var looks = 0
  }

  private let selection: DotNetSelection
  private let filter: ProcessFilter
  /// The session's directory, if it is not a usual one: only processes that have it, too, are then
  /// traced without being listed.
  private let apart: String?
  private let drain: Drain
  private let rendezvous: Rendezvous
  private let state = Lock(State())
  /// Used by one look at a time.
  private let names = Lock(DotNetNames())
  private let began = ClockSync.now()
  private let isStopping = Atomic<Bool>(false)
  /// Readable from the session's end on.
  private let stopDescriptor: Int32
  private let thread = Lock<NamedThread?>(nil)
  /// What the environment of a command says; nil without a command.
  private let portAddress = Lock<String?>(nil)
  private let portDescriptor = Atomic<Int32>(-1)
  /// Ends the port's guard; -1 without one.
  private let guardDescriptor = Atomic<Int32>(-1)
  /// Whether the port's thread ends at once.
  private let closesPort = Atomic<Bool>(false)

  /// Nil if the session wants no events of .NET runtimes.
  init?(_ configuration: SessionConfiguration, _ drain: Drain, _ rendezvous: Rendezvous) {
    guard let selection = DotNetSelection(configuration) else { return nil }
    stopDescriptor = trace_wake_descriptor()
    guard stopDescriptor >= 0 else { return nil }
    self.selection = selection
    filter = configuration.processes
    let usual = RendezvousPaths.listening { name in
      name == "TRACE_RUNTIME_DIR" ? nil : RendezvousPaths.environmentValue(name)
    }
    let directory = rendezvous.listener.directory.path
    apart = usual.contains { $0.path == directory } ? nil : directory
    (self.drain, self.rendezvous) = (drain, rendezvous)
  }

  deinit {
    close(stopDescriptor)
    endGuard()
  }

  func start() throws(SessionError) {
    drain.set(.dotNet, completeTo: ClockKind.here.now())
    let port = filter.ancestor == nil ? nil : makePort()
    // Running processes are traced when this returns.
    if filter.ancestor == nil {
      look()
      let deadline_ns = trace_monotonic_ns() &+ Self.beginLimit_ns
      for process in state.withLock({ $0.processes }) { process.waitForBegin(until: deadline_ns) }
    }
    nonisolated(unsafe) let owned = port
    let started = try NamedThread("trace-dotnets") { [self] in run(owned) }
    thread.withLock { $0 = started }
  }

  /// The environment of a command, for its runtimes.
  var variables: [(name: String, value: String)] {
    guard let address = portAddress.withLock({ $0 }) else { return [] }
    let own = OSPath.getenv("DOTNET_DiagnosticPorts").map { $0.isEmpty ? "" : $0 + ";" } ?? ""
    return [("DOTNET_DiagnosticPorts", "\(own)\(address),suspend")]
  }

  /// Ends the sessions of all runtimes, and waits for the rest of their events. Repeated calls do
  /// nothing.
  func stop() {
    guard !isStopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
    let isDone = portAddress.withLock { $0 } == nil || !hasPrograms
    closesPort.store(isDone, ordering: .releasing)
    if isDone { endGuard() }
    trace_wake(stopDescriptor)
    let processes = state.withLock { state in
      state.isClosed = true
      return state.processes
    }
    for process in processes { process.join() }
    drain.set(.dotNet, completeTo: .max)
    // A thread that serves a port ends with its last program.
    if isDone { thread.withLock { $0 }?.join() }
  }

  private func endGuard() {
    let descriptor = guardDescriptor.exchange(-1, ordering: .acquiringAndReleasing)
    guard descriptor >= 0 else { return }
    _ = [UInt8(1)].withUnsafeBytes { trace_packet_send(descriptor, $0.baseAddress!, 1, nil, 0) }
    close(descriptor)
  }

  /// Starts a process that serves the port if this one ends and programs are left, also if it is
  /// killed; see ``leavePort(to:)`` for the command.
  func guardPort(with command: [String]) {
    let descriptor = portDescriptor.load(ordering: .acquiring)
    guard descriptor >= 0, let address = portAddress.withLock({ $0 }) else { return }
    var words = (command + [address]).map { $0.withOSString { strdup($0) } } + [nil]
    defer { for word in words { free(word) } }
    guardDescriptor.store(trace_guard_start(descriptor, &words), ordering: .releasing)
  }

  /// Leaves the port to another program, if programs that may start runtimes are left: its standard
  /// input is the socket, and its last argument the address.
  func leavePort(to command: [String]) {
    let descriptor = portDescriptor.load(ordering: .acquiring)
    // A guard does so by itself.
    guard guardDescriptor.load(ordering: .acquiring) < 0 else { return }
    guard descriptor >= 0, !closesPort.load(ordering: .acquiring), hasPrograms,
      let address = portAddress.withLock({ $0 })
    else { return }
    DotNetKeeper.start(command + [address], socket: descriptor)
  }

  var processes: [TracedProcess] { state.withLock { $0.processes }.map(\.listed) }
  var lost: UInt64 { state.withLock { $0.processes }.reduce(0) { $0 &+ $1.lost } }

  var problems: [String] {
    state.withLock { state in
      var problems = state.problems
      if state.refused > 0 {
        problems.append(
          "\(state.refused) .NET processes were not traced: \(Self.processesMax) were at once")
      }
      if state.strangers > 0 {
        problems.append("\(state.strangers) connections were not those of .NET runtimes")
      }
      return problems
    }
  }

  // MARK: On the thread

  private func makePort() -> DotNetPort? {
    guard let port = DotNetPort(in: rendezvous.listener.directory) else {
      let reason = String(cString: strerror(errno))
      state.withLock {
        $0.problems.append(
          "the first events of .NET programs may be missing: no socket for them (\(reason))"
        )
      }
      return nil
    }
    portAddress.withLock { $0 = port.address }
    portDescriptor.store(port.descriptor, ordering: .releasing)
    return port
  }

  private func run(_ port: DotNetPort?) {
    while true {
      var polls = port?.polls ?? []
      let isEnding = isStopping.load(ordering: .acquiring)
      if !isEnding { polls.append(pollfd(fd: stopDescriptor, events: Int16(POLLIN), revents: 0)) }
      trace_poll(&polls, UInt(polls.count), Self.lookMilliseconds)
      if let port {
        port.serve { socket, pid in take(socket, pid) }
        state.withLock { $0.strangers = port.strangers }
      }
      guard !isStopping.load(ordering: .acquiring) else {
        if closesPort.load(ordering: .acquiring) || port == nil || !hasPrograms { return }
        continue
      }
      look()
      complete()
    }
  }

  /// Whether a program that may have a runtime is left.
  private var hasPrograms: Bool {
    guard let ancestor = filter.ancestor else { return false }
    return !ProcessFamily.descendants(of: [ancestor]).isEmpty
  }

  /// Takes a connection that a runtime has made; the runtime waits.
  private func take(_ socket: DiagnosticSocket, _ pid: UInt32) {
    let startTime = ProcessIdentity(procName: "\(pid)").startTime
    let known = state.withLock { state in
      state.processes.first { $0.pid == pid && $0.startTime == startTime }
    }
    if let known { return known.add(socket) }
    guard !isStopping.load(ordering: .acquiring), add(pid, socket, waits: true) else {
      // The answer does not matter, and another runtime may wait.
      _ = socket.send(
        DiagnosticMessage.encode(.resumeRuntime), deadline_ns: trace_monotonic_ns())
      return
    }
  }

  /// Looks for runtimes that are not traced yet.
  private func look() {
    let known = state.withLock { state in Set(state.processes.filter(\.isRunning).map(\.pid)) }
    let listed = filter.takesChildren ? filter.pids : filter.pids.subtracting(known)
    let looksAtNames = filter.pids.isEmpty || filter.takesChildren
    let listedNames = looksAtNames ? names.withLock { $0.look() } : []
    let elsewhere = elsewhere(known)
    let own = UInt32(getpid())
    for pid in listed.union(listedNames).union(elsewhere).subtracting(known).sorted()
    where pid != own && isDue(pid) {
      guard !wasTraced(pid), mayTrace(pid), let socket = DotNetFinder.connect(pid) else {
        continue
      }
      // A command's runtime that cannot reach the session's socket waits, too.
      _ = add(pid, socket, waits: filter.ancestor != nil)
    }
  }

  /// The processes of a command that have another file system, once in a second.
  private func elsewhere(_ known: Set<UInt32>) -> [UInt32] {
    let looks = state.withLock { state in
      state.looks += 1
      return state.looks
    }
    guard let ancestor = filter.ancestor, looks.isMultiple(of: Self.looksForElsewhere) else {
      return []
    }
    return ProcessFamily.descendants(of: [ancestor]).subtracting(known).filter {
      ProcessPlace(pid: $0).isElsewhere
    }
  }

  private static let looksForElsewhere = 4

  /// Whether it is time to try a process: less and less often.
  private func isDue(_ pid: UInt32) -> Bool {
    let attempts = state.withLock { state in
      if state.attempts.count >= Self.attemptsMax { state.attempts = [:] }
      state.attempts[pid, default: 0] += 1
      return state.attempts[pid] ?? 1
    }
    return attempts.nonzeroBitCount == 1 || attempts.isMultiple(of: Self.attemptsPerLook)
  }

  private static let attemptsPerLook = 16
  private static let attemptsMax = 65_536

  /// Whether the session of this process, and not of another one with this pid, has ended.
  private func wasTraced(_ pid: UInt32) -> Bool {
    let times = state.withLock { state in
      state.processes.filter { $0.pid == pid }.map(\.startTime)
    }
    return !times.isEmpty && times.contains(ProcessIdentity(procName: "\(pid)").startTime)
  }

  private func mayTrace(_ pid: UInt32) -> Bool {
    let user = ProcFiles.user(of: pid)
    guard let user, user == geteuid() || geteuid() == 0 else { return false }
    if let apart, filter.pids.isEmpty, filter.ancestor == nil {
      guard ProcFiles.variable("TRACE_RUNTIME_DIR", of: pid) == apart else { return false }
    }
    let executable =
      filter.executableNames.isEmpty ? "" : ProcessIdentity.executable(of: pid) ?? ""
    return filter.admits(pid: pid, executable: executable)
  }

  /// Traces a process; returns whether it does.
  private func add(_ pid: UInt32, _ socket: DiagnosticSocket, waits: Bool) -> Bool {
    let joined = rendezvous.state.withLock { $0.index(ofPID: pid) }
    let number = state.withLock { state -> UInt32? in
      let running = state.processes.count { $0.isRunning }
      guard running < Self.processesMax, state.count < Self.allMax else {
        state.refused += 1
        return nil
      }
      state.count += 1
      return state.count - 1
    }
    guard let number else { return false }
    let setting = DotNetProcess.Setting(
      selection: selection, channel: SystemChannel(drain, refs: .none),
      index: joined ?? ProcessNumbers.firstForeign + number,
      firstStream: StreamNumbers.imported(number * DotNetOutput.streamsMax),
      isDefined: joined != nil, stopDescriptor: stopDescriptor, began: began
    ) { [rendezvous] schema in
      rendezvous.change { $0.number(of: schema) }
    }
    let process = DotNetProcess(ProcessPlace(pid: pid), setting)
    if waits { process.expectResume() }
    return state.withLock { state in
      guard !state.isClosed else { return false }
      do { try process.start(socket) } catch {
        state.problems.append("process \(pid) was not traced: \(error)")
        return false
      }
      state.processes.append(process)
      return true
    }
  }

  /// Marks the trace as complete with the events that have arrived.
  private func complete() {
    let now = ClockKind.here.now()
    let lag = Self.lagMax_ns / 1000 * ClockKind.here.ticksPerSecond / 1_000_000
    let arrived = state.withLock { $0.processes }.reduce(now) { min($0, $1.completeTicks) }
    drain.complete(.dotNet, to: max(arrived, now > lag ? now - lag : 0))
  }

  /// The longest time by which a runtime delays the mark of the trace's completeness.
  private static let lagMax_ns: UInt64 = 2_000_000_000
}
