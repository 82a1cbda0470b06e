import ArgumentParser
import Glibc

/// The options of the storm; children get them as arguments, too.
struct StormOptions: ParsableArguments, Sendable {
  @Option(help: "Number of events that each thread emits.")
  var events: UInt64 = 1_000_000

  @Option(help: "Number of repetitions, each with a line of output; only for one process.")
  var rounds = 1

  @Option(help: "Number of threads in each process.")
  var threads = 1

  @Option(help: "Number of processes, each a new run of this program.")
  var processes = 1

  @Option(help: "Kind of events: counter, string, stack or mixed.")
  var payload = Payload.counter

  @Option(help: "Events per second and thread; 0 means as fast as possible.")
  var rate: UInt64 = 0

  @Option(help: "Seed of the random choices of 'string', 'stack' and 'mixed'.")
  var seed: UInt64 = 1

  @Option(help: "Kill the process (SIGKILL) when a thread has emitted this many; 0 means never.")
  var crashAfter: UInt64 = 0

  @Option(help: "File in which each thread records its progress; it is mapped.")
  var sharedNote: String?

  @Option(help: "Wait until a session enables the events, at most this many seconds.")
  var waitForEnable: Double?

  @Option(help: "Wait for this file before the first event or, with --rounds, each one; remove it.")
  var waitForFile: String?

  @Option(help: "Seconds to continue running after the last event.")
  var holdOpen: Double = 0

  @Option(help: "Number of events after which a new thread continues; 0 means no limit.")
  var churn: UInt64 = 0

  @Option(help: "Library to load at the end (libStormPlugin.so), which emits as many events.")
  var plugin: String?

  @Flag(help: "Also emit events from a timer's signal handler.")
  var signals = false

  @Flag(name: .customLong("fork"), help: "Repeat everything in a forked child.")
  var forks = false

  /// Set only for a child.
  @Option(help: .hidden)
  var processIndex: Int?

  func validate() throws {
    guard (1..<WorkerID.threadLimit).contains(threads) else {
      throw ValidationError("--threads must be from 1 to \(WorkerID.threadLimit - 1)")
    }
    guard (1...4096).contains(processes) else {
      throw ValidationError("--processes must be from 1 to 4096")
    }
    guard rounds == 1 || (rounds > 1 && processes == 1 && !forks) else {
      throw ValidationError("--rounds must be positive, and more than 1 only in one process")
    }
    guard holdOpen >= 0, holdOpen < 1e6, waitForEnable.map({ $0 >= 0 && $0 < 1e6 }) ?? true else {
      throw ValidationError("--hold-open and --wait-for-enable are seconds, below a million")
    }
  }

  /// The arguments for a child.
  func arguments(forChild index: Int, note: SharedNote) -> [String] {
    var arguments = [
      "--events", "\(events)", "--threads", "\(threads)", "--processes", "\(processes)",
      "--payload", payload.rawValue, "--rate", "\(rate)", "--seed", "\(seed)",
      "--crash-after", "\(crashAfter)", "--hold-open", "\(holdOpen)", "--churn", "\(churn)",
      "--process-index", "\(index)",
    ]
    if let waitForEnable { arguments += ["--wait-for-enable", "\(waitForEnable)"] }
    if let waitForFile { arguments += ["--wait-for-file", waitForFile] }
    if let plugin { arguments += ["--plugin", plugin] }
    if let sharedNote { arguments += ["--shared-note", sharedNote] }
    for (flag, isOn) in [("--signals", signals), ("--fork", forks)] where isOn {
      arguments.append(flag)
    }
    return arguments
  }
}

extension Payload: ExpressibleByArgument {}

@main
struct EventStorm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "event-storm",
    abstract: "Emits a given number of events at a given rate, and prints their cost.")

  @OptionGroup var options: StormOptions

  func run() throws {
    do {
      try storm()
    } catch {
      complain(error)
      throw ExitCode(1)
    }
  }

  private func storm() throws(StormError) {
    let processes = options.processes * (options.forks ? 2 : 1)
    if let index = options.processIndex {
      let path = options.sharedNote ?? "/proc/self/fd/\(StormChild.noteDescriptor)"
      let note = try SharedNote(opening: path, processes: processes, threads: options.threads)
      return try StormProcess(options: options, index: index, note: note).run()
    }
    let note = try SharedNote(
      creating: options.sharedNote, processes: processes, threads: options.threads)
    var failure: StormError?
    if options.processes == 1 {
      try StormProcess(options: options, index: 0, note: note).run()
    } else {
      failure = try StormChild.runAll(options: options, note: note)
    }
    print(StormReport(options: options, note: note).json)
    if let failure { throw failure }
  }
}
