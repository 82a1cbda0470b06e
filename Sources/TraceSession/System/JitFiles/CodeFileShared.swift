import CTraceShims
import Glibc
import TraceAnalysis
import TraceEvents
import TraceFormat

/// The state shared by all followed files: the output, the window, the clock, and the limits.
final class CodeFileShared {
  let output: any CodeEventOutput
  var clock: CounterClock
  let startNanoseconds: UInt64
  /// Start of the session (CLOCK_REALTIME).
  let startRealtime: Int64
  /// ``CodeFileLimits/wasteBytes``; less in tests.
  let wasteBytes: UInt64
  /// Whether there is no process of this number; replaced in tests.
  var isAbsent: (UInt32) -> Bool = { kill(pid_t(bitPattern: $0), 0) != 0 && errno == ESRCH }
  private(set) var problems = CodeFileProblems()
  var ledger = PerfMapLedger()
  private(set) var openFiles = 0
  private var entriesLeft = CodeFileLimits.entries
  private var textLeft = CodeFileLimits.textBytes
  private var memory: UnsafeMutableRawBufferPointer?

  /// Bytes read from a file at once, unless a record needs more.
  static let windowBytes = 64 << 10

  init(
    _ output: any CodeEventOutput, clock: CounterClock = CounterClock(),
    wasteBytes: UInt64 = CodeFileLimits.wasteBytes
  ) {
    self.output = output
    self.wasteBytes = wasteBytes
    self.clock = clock
    startNanoseconds = trace_monotonic_ns()
    startRealtime = Int64(clamping: trace_realtime_ns())
  }

  deinit { memory?.deallocate() }

  /// Whether a process has ended without a notice of its end so far.
  func hasVanished(_ owner: CodeOwner) -> Bool { owner.endTicks == nil && isAbsent(owner.pid) }

  // MARK: Times

  /// Converts a time of the session's clock to CLOCK_MONOTONIC; nil while the clock's rate is not
  /// known.
  func monotonic(ofTicks ticks: UInt64) -> UInt64? {
    if ClockKind.here == .monotonic { return ticks }
    clock.look()
    return clock.nanoseconds(atTicks: ticks)
  }

  /// Like ``monotonic(ofTicks:)``, to CLOCK_REALTIME.
  func realtime(ofTicks ticks: UInt64) -> Int64? {
    monotonic(ofTicks: ticks).map { time in
      // Between two separate readings, the thread may wait for a CPU.
      let clocks = ClockSync.now()
      return Int64(clamping: clocks.realtimeNanoseconds)
        &- Int64(clamping: clocks.monotonicNanoseconds) &+ Int64(clamping: time)
    }
  }

  // MARK: Memory

  /// A buffer of at least `byteCount` bytes, valid until the next call.
  func window(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
    let wanted = max(byteCount, Self.windowBytes)
    if let memory, memory.count >= wanted {
      return UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted])
    }
    memory?.deallocate()
    memory = .allocate(byteCount: wanted, alignment: 8)
    return memory!
  }

  /// Releases a buffer that was needed only for a long record.
  func trim() {
    guard let memory, memory.count > Self.windowBytes else { return }
    memory.deallocate()
    self.memory = nil
  }

  // MARK: Bounds

  /// Whether another file may be opened.
  var mayOpen: Bool { openFiles < CodeFileLimits.openFiles }

  func opened() { openFiles += 1 }
  func closed() { openFiles -= 1 }

  /// Whether one more code entry, or more text of one, may be reported. Takes it from the limits.
  func admits(textBytes: Int, isEntry: Bool) -> Bool {
    guard entriesLeft > 0, textLeft >= UInt64(textBytes) else {
      problems.isFull = true
      return false
    }
    if isEntry { entriesLeft -= 1 }
    textLeft -= UInt64(textBytes)
    return true
  }

  func note(_ path: String, _ text: String) { problems.note(path, text) }
  func noteNotFollowed() { problems.notFollowed += 1 }
}

/// Problems of files that announce code, as sentences. Bounded.
struct CodeFileProblems: Hashable {
  private var told: [String] = []
  private var more = 0
  /// Number of processes and files that exceeded the limits.
  var notFollowed = 0
  /// Number of notices dropped because they arrived faster than they were read.
  var dropped = 0
  /// Whether the limit of code entries or text was reached.
  var isFull = false

  mutating func note(_ path: String, _ text: String) {
    let sentence = "\(path) \(text)"
    guard !told.contains(sentence) else { return }
    guard told.count < CodeFileLimits.problems else {
      more += 1
      return
    }
    told.append(sentence)
  }

  var sentences: [String] {
    var all = told
    if more > 0 {
      all.append(
        "\(counted(more, "more note", "more notes")) about jitdump files and perf maps "
          + (more == 1 ? "was" : "were") + " left out")
    }
    if notFollowed > 0 {
      all.append(
        counted(notFollowed, "jitdump file or perf map was", "jitdump files or perf maps were")
          + " not read: \(CodeFileLimits.openFiles) files and \(CodeFileLimits.processes) "
          + "processes are followed at a time")
    }
    if dropped > 0 {
      all.append(
        "\(counted(dropped, "process", "processes")) ended too soon for the jitdump files and perf "
          + "maps to be read")
    }
    if isFull {
      all.append(
        "jitdump files and perf maps announced more than "
          + "\(grouped(UInt64(CodeFileLimits.entries))) pieces of code; later code has no name")
    }
    return all
  }
}
