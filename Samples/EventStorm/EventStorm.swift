import ArgumentParser
import Glibc

/// The options of the storm; children get them as arguments, too.
struct StormOptions: ParsableArguments, Sendable {
  @Option(help: "Events that each thread emits.")
  var events: UInt64 = 1_000_000

  @Option(help: "Do that so many times, and print a line after each; for one process.")
  var rounds = 1

  @Option(help: "Threads in each process.")
  var threads = 1

  @Option(help: "Processes, each started anew from this program.")
  var processes = 1

  @Option(help: "What an event carries: counter, string, stack or mixed.")
  var payload = Payload.counter

  @Option(help: "Events a second and thread; 0 is as fast as it goes.")
  var rate: UInt64 = 0

  @Option(help: "Seed of the choices that 'string', 'stack' and 'mixed' make.")
  var seed: UInt64 = 1

  @Option(help: "Kill the process (SIGKILL) when a thread has emitted that many; 0 is never.")
  var crashAfter: UInt64 = 0

  @Option(help: "A file, mapped, in which each thread notes what it has emitted.")
  var sharedNote: String?

  @Option(help: "Wait until a session wants the events, at most that many seconds.")
  var waitForEnable: Double?

  @Option(help: "Wait for that file before the first event (with --rounds, each; it is removed).")
  var waitForFile: String?

  @Option(help: "Stay alive that many seconds after the last event.")
  var holdOpen: Double = 0

  @Option(help: "End each thread after that many events and go on in a new one; 0 is never.")
  var churn: UInt64 = 0

  @Option(help: "A library to load at the end (libStormPlugin.so), which emits as many events.")
  var plugin: String?

  @Flag(help: "Emit from a timer's signal handler too.")
  var signals = false

  @Flag(name: .customLong("fork"), help: "Do it all again in a child made by fork.")
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
    abstract: "Emits events, as many and as fast as asked, and says what that cost.")

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
