import CTraceShims
import Glibc
import TraceFormat
import TraceSession

/// The reason why a collection ended.
enum CollectEnd: Hashable {
  case duration
  /// The command, or every process of `-p`, has ended.
  case programsEnded
  case signal
  /// A second signal, or a command that did not end.
  case forced
  /// The file could no longer be written.
  case failure
  /// The soft limit on CPU time was reached.
  case limit
}

/// Waits until a collection ends, and shows progress every second.
struct CollectWatch {
  let session: Session
  /// The processes to wait for: those of `-p` and, with `-children`, their descendants.
  private var pids: Set<UInt32>
  private let takesChildren: Bool
  let duration: TimeSpan?
  let showsProgress: Bool
  /// Whether providers of programs are enabled.
  let countsProcesses: Bool

  private let start_ns = monotonicNanoseconds()
  /// The time of the first signal.
  private var stopAsked_ns: Int64?
  /// The first signal that asked for the end.
  private(set) var stopSignal: CInt?

  init(
    session: Session, processes: ProcessFilter, duration: TimeSpan?, showsProgress: Bool,
    countsProcesses: Bool
  ) {
    self.session = session
    pids = processes.pids
    takesChildren = processes.takesChildren
    self.duration = duration
    self.showsProgress = showsProgress
    self.countsProcesses = countsProcesses
  }

  mutating func run(_ signals: inout SignalWait, _ child: inout TracedProgram?) -> CollectEnd {
    var progress = ProgressLine()
    defer { progress.clear() }
    var nextTick_ns = start_ns + Collection.second_ns
    while true {
      if let end = end(&child) { return end }
      let now_ns = monotonicNanoseconds()
      if now_ns >= nextTick_ns {
        // Skips the ticks that were missed while the process was stopped.
        while nextTick_ns <= now_ns { nextTick_ns += Collection.second_ns }
        if let pid = child?.pid { trace_reap_all_but(pid) }
        if showsProgress { progress.show(figures(now_ns - start_ns)) }
        continue
      }
      let wake_ns = min(nextTick_ns, deadline_ns ?? .max)
      guard let signal = signals.next(timeout_ns: wake_ns - now_ns) else { continue }
      if signal == .limit { return .limit }
      if case .stop(let number, let isFromTerminal) = signal {
        // A closed terminal sends SIGHUP more than once: the kernel sends it, and the shell does.
        if stopAsked_ns != nil, number == SIGHUP { continue }
        if stopAsked_ns != nil { return .forced }
        stopSignal = number
        guard let command = child, command.ending == nil else { return .signal }
        stopAsked_ns = monotonicNanoseconds()
        // A terminal also sends its signal to the command.
        if !isFromTerminal { command.send(number) }
        progress.clear()
        complain(
          "tracectl: waiting for the command to end; a second signal ends it immediately")
      }
    }
  }

  private var deadline_ns: Int64? {
    if let stopAsked_ns { return stopAsked_ns + Collection.commandStopLimit_ns }
    return duration.map { start_ns.addingSaturated($0.nanoseconds) }
  }

  private mutating func end(_ child: inout TracedProgram?) -> CollectEnd? {
    if session.statistics.failure != nil { return .failure }
    if child?.hasEnded() == true { return .programsEnded }
    if let deadline_ns, monotonicNanoseconds() >= deadline_ns {
      return stopAsked_ns == nil ? .duration : .forced
    }
    let isAlive = { (pid: UInt32) in kill(pid_t(clamping: pid), 0) == 0 || errno == EPERM }
    guard child == nil, !pids.isEmpty else { return nil }
    if takesChildren { pids.formUnion(ProcessFamily.descendants(of: pids)) }
    pids = pids.filter(isAlive)
    return pids.isEmpty ? .programsEnded : nil
  }

  private func figures(_ elapsed_ns: Int64) -> CollectProgress {
    let statistics = session.statistics
    // Events that a flight recorder overwrites do not count as lost.
    let lost = statistics.lostInAll &- (statistics.lost[.overwritten] ?? 0)
    return CollectProgress(
      elapsed_ns: elapsed_ns, events: statistics.events, bytes: statistics.bytes,
      lost: lost, processes: countsProcesses ? statistics.processes : nil,
      lossCertainty: LossCertainty(statistics))
  }
}

extension Int64 {
  fileprivate func addingSaturated(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
