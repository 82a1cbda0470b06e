import CTraceShims
import Glibc
import TraceProvider

/// One process's part of the storm.
struct StormProcess {
  var options: StormOptions
  var index: Int
  var note: SharedNote

  func run() throws(StormError) {
    let start = trace_monotonic_ns()
    Storm.provider.register()
    note.line(process: index, thread: 0).registerNanoseconds = trace_monotonic_ns() - start
    try getReady(process: index)
    for round in 1...options.rounds { try emitRound(round) }
    if let plugin = options.plugin { try runPlugin(plugin) }
    if options.forks { try continueInFork() }
    sleepNanoseconds(UInt64(options.holdOpen * 1e9))
  }

  private func getReady(process: Int) throws(StormError) {
    // Registers again: in a forked child, this starts over.
    Storm.provider.register()
    if let seconds = options.waitForEnable { try waitForEnable(seconds: seconds) }
    note.line(process: process, thread: 0).markReady()
    if options.rounds == 1 { waitForFile() }
  }

  private func waitForFile() {
    guard let path = options.waitForFile else { return }
    while access(path, F_OK) != 0 { sleepNanoseconds(1_000_000) }
  }

  private func emitRound(_ round: Int) throws(StormError) {
    guard options.rounds > 1 else { return try emitAll(process: index) }
    waitForFile()
    if let path = options.waitForFile { unlink(path) }
    let lines = (0..<options.threads).map { note.line(process: index, thread: $0) }
    let before = lines.map(\.nanoseconds)
    try emitAll(process: index, after: UInt64(round - 1) * options.events)
    let costs = zip(lines, before).map { Double($0.nanoseconds - $1) / Double(options.events) }
    print(StormReport.line(ofRound: round, costs: costs))
    fflush(nil)
  }

  private func waitForEnable(seconds: Double) throws(StormError) {
    let deadline = trace_monotonic_ns() + UInt64(seconds * 1e9)
    while !isWanted {
      guard trace_monotonic_ns() < deadline else {
        throw StormError("no session enabled Storm within \(seconds) s")
      }
      sleepNanoseconds(1_000_000)
    }
  }

  private var isWanted: Bool {
    switch options.payload {
    case .counter: Storm.provider.isEnabled(CounterEvent.self)
    case .string: Storm.provider.isEnabled(TextEvent.self)
    case .stack: Storm.provider.isEnabled(StackEvent.self)
    case .mixed:
      Storm.provider.isEnabled(CounterEvent.self) || Storm.provider.isEnabled(TextEvent.self)
        || Storm.provider.isEnabled(StackEvent.self)
    }
  }

  /// Emits all events; their numbers continue after `done`.
  private func emitAll(process: Int, after done: UInt64 = 0) throws(StormError) {
    if options.signals {
      let line = note.line(process: process, thread: WorkerID.signalThread)
      SignalTicks.prepare(process: process, note: line)
    }
    let barrier = ThreadGroup.Barrier(count: options.threads)
    if options.signals { SignalTicks.setInterval(microseconds: 200) }
    try ThreadGroup.run(
      (0..<options.threads).map { thread in
        let worker = worker(process: process, thread: thread)
        return { [options] in
          if options.signals, thread == 0 { SignalTicks.admit() }
          barrier.wait()
          Self.emit(as: worker, after: done, churn: options.churn)
        }
      })
    if options.signals { SignalTicks.setInterval(microseconds: 0) }
  }

  /// With churn, each stretch of this number of events is emitted by a new thread.
  private static func emit(as worker: Worker, after done: UInt64, churn: UInt64) {
    let end = done + worker.events
    guard churn > 0 else { return worker.emit(done + 1, through: end) }
    var next = done + 1
    while next <= end {
      let first = next
      let last = min(end, first + churn - 1)
      do {
        try ThreadGroup.run([{ worker.emit(first, through: last) }])
      } catch {
        return complain(error)
      }
      next = last + 1
    }
  }

  private func worker(process: Int, thread: Int) -> Worker {
    Worker(
      id: WorkerID(process: process, thread: thread), payload: options.payload,
      events: options.events, rate: options.rate, seed: options.seed,
      crashAfter: options.crashAfter, isNoted: options.sharedNote != nil,
      note: note.line(process: process, thread: thread))
  }

  /// Loads a library with a separate provider at run time.
  private func runPlugin(_ path: String) throws(StormError) {
    guard let library = dlopen(path, RTLD_NOW), let symbol = dlsym(library, "storm_plugin_emit")
    else { throw StormError("cannot load \(path): \(String(cString: dlerror()))") }
    typealias Emit = @convention(c) (UInt64, UInt32) -> Void
    unsafeBitCast(symbol, to: Emit.self)(
      options.events, WorkerID(process: index, thread: 0).rawValue)
  }

  /// Repeats everything in a child created by fork alone, which is a separate process for every
  /// session.
  private func continueInFork() throws(StormError) {
    let child = fork()
    guard child >= 0 else { throw StormError("cannot fork: \(errnoText)") }
    if child == 0 {
      do {
        try getReady(process: index + options.processes)
        try emitAll(process: index + options.processes)
      } catch {
        complain(error)
        _exit(EX_SOFTWARE)
      }
      _exit(0)
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw StormError("the forked child ended with status \(status)") }
  }
}

func complain(_ error: StormError) {
  var line = "event-storm: \(error)\n"
  line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
