import CTraceShims
import Glibc
import OSStrings
import TraceAnalysis
import TraceExport
import TraceFormat
import TraceSession

/// One run of `tracectl collect`: a session, optionally a command, signals, and the messages about
/// them.
struct Collection {
  /// Maximum time that a command may take to stop after a signal.
  static let commandStopLimit_ns: Int64 = 10_000_000_000
  static let second_ns: Int64 = 1_000_000_000

  var configuration: SessionConfiguration
  var path: String
  var duration: TimeSpan?
  var command: [String]
  /// Libraries that the command is to load.
  var preloaded: [PreloadedLibrary] = []
  var isQuiet: Bool
  var guest: CollectionGuest?

  private var isToStandardOutput: Bool { configuration.outputDescriptor != nil }

  /// Runs the collection; returns the exit code: the command's, if there is one.
  func run() throws(Failure) -> CInt {
    var program: String?
    if let name = command.first {
      let path = OSPath.getenv("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
      program = try TracedProgram.find(name, path: path)
    }
    try checkPermission()
    if let program, TracedProgram.changesUser(program) {
      say(
        "tracectl: '\(program)' runs as another user (setuid); the kernel records nothing of it "
          + "unless the whole machine may be sampled, so run tracectl as root to record it")
    }
    try MemoryLimits.check(configuration)
    if !isToStandardOutput, let aside = OutputLock.setAside(unfinished: path) {
      complain(
        escapedForTerminal(
          "tracectl: \(path) was left unfinished by a collection that was killed, and is now "
            + "\(aside); 'tracectl recover \(aside)' adds the events that programs still hold"))
    }
    let lock: OutputLock
    if let descriptor = configuration.outputDescriptor {
      lock = OutputLock(holding: descriptor)
    } else {
      lock = try OutputLock(path: path)
    }
    var signals = SignalWait()
    let session = Session(configuration)
    do {
      try start(session, signals.originalMask)
    } catch {
      lock.discard()
      throw error
    }
    var child: TracedProgram?
    if let program {
      // Processes orphaned by the command remain recognizable as its descendants.
      trace_adopt_orphans()
      do {
        child = try TracedProgram(
          program: program, arguments: command,
          variables: session.variablesForCommand + PreloadedLibrary.variables(of: preloaded),
          signalMask: signals.originalMask)
      } catch {
        session.stop()
        lock.discard()
        throw error
      }
    }
    var watch = CollectWatch(
      session: session, processes: configuration.processes, duration: duration,
      showsProgress: !isQuiet, countsProcesses: !configuration.providers.isEmpty)
    let reason = watch.run(&signals, &child)
    guest?.end(watch.stopSignal)
    signals.release()
    let statistics = session.stop()
    report(session, statistics, reason)
    _ = consume lock
    defer { session.leaveRuntimes(to: ["/proc/self/exe", DotNetPortKeeper.name]) }
    return exitCode(statistics, reason, &child)
  }

  /// Starts the session, and then what runs beside it.
  private func start(_ session: Session, _ mask: sigset_t) throws(Failure) {
    do { try session.start() } catch { throw Self.failure(error) }
    say("tracectl: collecting into \(path)\(command.isEmpty ? "; Ctrl-C ends it" : "")")
    do { try guest?.begin(mask) } catch {
      session.stop()
      throw error
    }
  }

  private func checkPermission() throws(Failure) {
    for pid in configuration.processes.pids.sorted() {
      guard kill(pid_t(clamping: pid), 0) != 0, errno == EPERM else { continue }
      throw Failure(
        .noPermission, "process \(pid) belongs to another user",
        next: "run tracectl as that user, or as root")
    }
  }

  private func report(_ session: Session, _ statistics: SessionStatistics, _ reason: CollectEnd) {
    if let failure = statistics.failure {
      complain(OpenTrace.failure(failure, path: path).line + "; the collection ended there")
    }
    if reason == .limit {
      complain(
        "tracectl: the limit on CPU time was reached; raise it (ulimit -t); "
          + "the collection ended there")
    }
    for line in CollectProblems(session: session, configuration: configuration).lines {
      complain(escapedForTerminal(line))
    }
    guard !isToStandardOutput, OutputLock.isRegularFile(path: path) else {
      // For example a pipe, which cannot be read back for the rest of the summary.
      say("\(path): \(counted(statistics.events, "event")), \(readableBytes(statistics.bytes))")
      let lost = statistics.lostInAll
      if let sentence = LossCertainty(statistics).sentence(lost) { complain("*** \(sentence) ***") }
      return
    }
    guard let file = try? TraceFile(path: path) else {
      complain("tracectl: \(escapedForTerminal(path)) cannot be read back")
      return
    }
    let isWhole = statistics.failure == nil
    let summary = CollectSummary(
      file, unwritten: isWhole ? 0 : statistics.events &- min(statistics.events, file.eventCount),
      cutOff: Self.cutOff(session, statistics), certainty: LossCertainty(statistics))
    for line in isQuiet ? summary.lostLines : summary.lines { complain(escapedForTerminal(line)) }
  }

  private static func cutOff(_ session: Session, _ statistics: SessionStatistics) -> [String] {
    var names: [String] = []
    for process in session.processes where process.isCutOff {
      let name = process.executable.split(separator: "/").last.map(String.init) ?? "?"
      let program = "\(name) (\(process.pid))"
      // A process may have tried to connect more than once.
      if names.last != program { names.append(program) }
    }
    let refused = statistics.connectionsRefused
    if refused > 0 { names.append("\(grouped(refused)) refused immediately") }
    return names
  }

  private func exitCode(
    _ statistics: SessionStatistics, _ reason: CollectEnd, _ child: inout TracedProgram?
  ) -> CInt {
    var ownCode = statistics.failure == nil ? 0 : ExitStatus.ioError.rawValue
    if reason == .limit { ownCode = ExitStatus.osError.rawValue }
    guard child != nil else { return ownCode }
    if !child!.hasEnded(), reason != .forced {
      say("tracectl: the command (process \(child!.pid)) is still running; waiting for its end")
      child!.wait()
    }
    if let problem = child!.waitProblem {
      let how = child!.ending == .unknown ? "how the command ended is not known" : "found in /proc"
      complain("tracectl: the end of the command cannot be waited for (\(problem)); \(how)")
    }
    guard let ending = child!.ending else { return 128 + SIGINT }
    return ending.exitCode == 0 ? ownCode : ending.exitCode
  }

  private func say(_ line: String) {
    if !isQuiet { complain(escapedForTerminal(line)) }
  }

  static func failure(_ error: SessionError) -> Failure {
    switch error {
    case .runtimeDirectory:
      return Failure(.configuration, error.description)
    case .output(.io(let operation, let path, let code)):
      var failure = Failure(operation, path, errno: code)
      if failure.status == .noInput { failure.status = .cannotCreate }
      return failure
    case .output(let cause):
      return OpenTrace.failure(cause, path: "the trace")
    case .noSuchProcess:
      return Failure(.noInput, error.description)
    case .samplingUnavailable:
      return Failure(.noPermission, error.description, next: "see 'tracectl doctor'")
    case .samplingRate:
      return Failure(.usage, error.description)
    case .system(_, let code):
      return Failure(
        .osError, error.description, next: Failure.nextStep(errno: code) ?? "see 'tracectl doctor'")
    case .buffers:
      return Failure(.osError, error.description, next: "see 'tracectl doctor'")
    case .alreadyStarted:
      return Failure(.software, error.description)
    }
  }
}
