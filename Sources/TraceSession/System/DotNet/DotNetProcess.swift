import CTraceShims
import Glibc
import Locks
import TraceControl
import TraceEvents
import TraceFormat
import TraceImport

/// A process whose .NET runtime a session traces, on a separate thread.
///
/// - Guarantee: however the collection of its events goes, a runtime that waits for the session is
///   told to go on.
final class DotNetProcess: Sendable {
  /// What the session has for the process.
  struct Setting: Sendable {
    var selection: DotNetSelection
    var channel: SystemChannel
    /// The session's number of the process, and of its first stream.
    var index: UInt32
    var firstStream: UInt32
    /// Whether another part of the session has defined the process.
    var isDefined: Bool
    /// Becomes readable when the session ends.
    var stopDescriptor: Int32
    /// Readings of the clocks when the session began.
    var began: ClockSync
    var number: @Sendable (EventSchema) -> UInt16?
  }

  private struct State {
    /// Connections that the runtime has made, and that wait for a command.
    var waiting: [DiagnosticSocket] = []
    /// Connections whose answers do not matter.
    var used: [DiagnosticSocket] = []
    /// Whether the runtime waits, or waited, to be told to go on.
    var needsResume = false
    /// Whether its session has begun, or will not begin.
    var hasBegun = false
    var isResumed = false
    var isRunning = true
    var problems: [String] = []
    var providers: [String] = []
    var lost: UInt64 = 0
    var completeTicks: UInt64

    /// Keeps a connection open until the runtime has done what it was told.
    mutating func keep(_ socket: DiagnosticSocket) {
      if used.count >= DotNetProcess.waitingMax { used.removeFirst() }
      used.append(socket)
    }
  }

  private static let waitingMax = 4

  let pid: UInt32
  let startTime: UInt64
  let index: UInt32
  private let identity: ProcessIdentity
  // Only read.
  nonisolated(unsafe) private let place: ProcessPlace
  private let setting: Setting
  private let state: Monitor<State>
  private let thread = Lock<NamedThread?>(nil)

  private static let answerLimit_ns: UInt64 = 2_000_000_000
  private static let bufferMegabytes: UInt32 = 256
  /// The time for which a runtime may hold events back.
  private static let delay_ns: UInt64 = 300_000_000

  init(_ place: ProcessPlace, _ setting: Setting) {
    (self.place, self.setting) = (place, setting)
    (pid, index) = (place.pid, setting.index)
    identity = ProcessIdentity(procName: "\(place.pid)")
    startTime = identity.startTime
    state = Monitor(State(completeTicks: ClockKind.here.now()))
  }

  /// Begins the collection.
  ///
  /// - Parameter socket: a connection to the runtime, which has received no command.
  func start(_ socket: DiagnosticSocket) throws(SessionError) {
    let started = try NamedThread("trace-dotnet") { [self] in
      run(socket)
      resume()
      state.withLock { state in
        state.isRunning = false
        state.completeTicks = .max
      }
    }
    thread.withLock { $0 = started }
  }

  /// Returns when the session of the runtime has begun, or will not begin, or at a time.
  func waitForBegin(until deadline_ns: UInt64) {
    let now = trace_monotonic_ns()
    state.wait(nanoseconds: deadline_ns > now ? deadline_ns - now : 0) { $0.hasBegun }
  }

  /// Adds a connection that the runtime has made. A runtime that does so waits.
  func add(_ socket: DiagnosticSocket) {
    let isTime = state.withLock { state in
      state.needsResume = true
      if state.waiting.count < Self.waitingMax { state.waiting.append(socket) }
      return state.hasBegun && !state.isResumed
    }
    if isTime { resume() }
  }

  /// Notes that the runtime has made the connection with which its session begins.
  func expectResume() { state.withLock { $0.needsResume = true } }

  func join() { thread.withLock { $0 }?.join() }

  var isRunning: Bool { state.withLock { $0.isRunning } }
  var lost: UInt64 { state.withLock { $0.lost } }
  /// The time up to which its events have arrived.
  var completeTicks: UInt64 { state.withLock { $0.completeTicks } }

  /// The process as the session lists it.
  var listed: TracedProcess {
    state.withLock { state in
      TracedProcess(
        pid: pid, uid: ProcFiles.user(of: pid) ?? place.users.min() ?? 0,
        executable: identity.executable, arguments: identity.arguments, index: index,
        isRunning: state.isRunning, providers: state.providers, problems: state.problems)
    }
  }

  // MARK: On the thread

  private func run(_ socket: DiagnosticSocket) {
    guard let (stream, session) = begin(socket) else { return }
    resume()
    let output = DotNetOutput(
      setting.channel, setting.selection, process: index, firstStream: setting.firstStream,
      place: place, began: setting.began, number: setting.number)
    define(output)
    tell(output)
    let bytes = DotNetStream(
      stream, stopDescriptor: setting.stopDescriptor,
      onIdle: { [self] in
        output.send()
        tell(output)
      },
      onStop: { [self] in end(session) })
    do {
      let report = try NetLiveStream.read(bytes, name: "the stream", to: output)
      for sentence in report.damage { note("its stream of .NET events \(sentence)") }
      for sentence in report.notes { note(sentence) }
    } catch { note("its .NET events cannot be read: \(error)") }
    if let problem = bytes.problem { note(problem) }
    if !setting.isDefined, hasEnded {
      output.add { $0.add(endOf: index, atTicks: ClockKind.here.now()) }
    }
    output.send()
    tell(output)
  }

  private func tell(_ output: DotNetOutput) {
    let delay = Self.delay_ns / 1000 * ClockKind.here.ticksPerSecond / 1_000_000
    state.withLock { state in
      let usual = [RuntimeSchema.providerName, DotNetSelection.runtime]
      state.providers = output.providers.union(usual).sorted()
      state.lost = output.lost
      state.completeTicks = ClockKind.here.now() &- delay
    }
  }

  private func note(_ sentence: String) {
    state.withLock { $0.problems.append(sentence) }
  }

  private var hasEnded: Bool { ProcessIdentity(procName: "\(pid)").startTime != startTime }

  private func define(_ output: DotNetOutput) {
    guard !setting.isDefined else { return }
    output.add {
      $0.add(
        process: ProcessRecord(
          index: index, pid: pid, parentPID: identity.parentPID,
          uid: ProcFiles.user(of: pid) ?? 0, startTime: startTime,
          executable: identity.executable, arguments: identity.arguments,
          joinTicks: ClockKind.here.now()))
    }
  }

  // MARK: Commands

  /// Begins a session in the newest way that the runtime knows.
  private func begin(
    _ socket: DiagnosticSocket
  ) -> (stream: DiagnosticSocket, session: UInt64)? {
    var socket: DiagnosticSocket? = socket
    let newest: [DiagnosticMessage.Command] =
      setting.selection.wantsStacks
      ? [.collectTracing2, .collectTracing]
      : [.collectTracing3, .collectTracing2, .collectTracing]
    for command in newest {
      guard let current = socket ?? connection() else {
        note("its .NET runtime does not accept connections")
        return nil
      }
      socket = nil
      let payload = DiagnosticMessage.session(
        command, bufferMegabytes: Self.bufferMegabytes, stacks: setting.selection.wantsStacks,
        setting.selection.providers)
      switch current.ask(command, payload, deadline_ns: Self.deadline) {
      case .ok(let answer): return (current, DiagnosticMessage.word(answer, 0, bytes: 8))
      case .refused(DiagnosticMessage.unknownCommand): continue
      case .refused(let code):
        note("its .NET runtime refuses to be traced: error 0x\(String(code, radix: 16))")
        return nil
      case nil:
        note("its .NET runtime does not answer as one does")
        return nil
      }
    }
    note("its .NET runtime is too old to be traced")
    return nil
  }

  /// A connection for a command: one that the runtime has made, or a new one.
  private func connection() -> DiagnosticSocket? {
    if let socket = DotNetFinder.connect(place) { return socket }
    var socket: DiagnosticSocket?
    state.wait(nanoseconds: Self.answerLimit_ns) { state in
      socket = state.waiting.popLast()
      return socket != nil
    }
    return socket
  }

  /// Tells a runtime that waits to go on, without waiting for its answer. It must be told over a
  /// connection that it has made; if there is none, it makes one soon.
  private func resume() {
    let socket = state.withLock { state in
      state.hasBegun = true
      return state.needsResume && !state.isResumed ? state.waiting.popLast() : nil
    }
    guard let socket else { return }
    let isSent = socket.send(
      DiagnosticMessage.encode(.resumeRuntime), deadline_ns: trace_monotonic_ns())
    state.withLock { state in
      state.isResumed = isSent
      state.keep(socket)
    }
  }

  /// Asks the runtime to end the session, without waiting for the answer, which comes after the
  /// rest of the events.
  private func end(_ session: UInt64) {
    guard let socket = connection() else { return }
    let message = DiagnosticMessage.encode(.stopTracing, DiagnosticMessage.stop(session: session))
    _ = socket.send(message, deadline_ns: Self.deadline)
    state.withLock { $0.keep(socket) }
  }

  private static var deadline: UInt64 { trace_monotonic_ns() &+ answerLimit_ns }
}
