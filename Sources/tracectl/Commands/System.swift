import ArgumentParser
import TraceAnalysis

/// `tracectl system`: shows what the machine and the traced processes did.
struct System: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "system",
    abstract: "Show what slowed programs down: CPUs, limits, memory, disks, or their own work.",
    discussion: """
      Shows the machine's CPU time, steal, ready threads, memory and pressure beside each \
      process's CPU time, waits for a CPU, page faults, switches and cgroup limits, from counters \
      (-providers SystemCounters).

      tracectl system trace.etl -from 10 -to 20
      tracectl system trace.etl -every 5s
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Divide the time into parts of this length: 5s, 1m (default: one part per reading, which "
        + "only json and csv show).", valueName: "time"))
  var every: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Number of processes and of parts listed (default: 20 in text, else all).",
      valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which processes and times") var selection: SelectionOptions

  func check() throws {
    guard every?.nanoseconds ?? 1 > 0 else {
      throw Failure(.usage, "-every needs a time above 0")
    }
  }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> SystemPass {
    SystemPass(selection, every_ns: every?.nanoseconds, listLimit: top)
  }
}
