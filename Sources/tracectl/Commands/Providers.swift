import ArgumentParser
import TraceAnalysis
import TraceExport
import TraceSession

/// `tracectl providers`: lists the providers and events of running processes.
struct Providers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "providers",
    abstract: "List the providers, keywords and events of running programs.")

  @Option(
    name: [.customShort("p"), .long], parsing: .upToNextOption,
    help: ArgumentHelp("List only these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Flag(help: "Also list the fields of each event.")
  var fields = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    let format = try output.renderer(of: ProviderReport.self).format.name
    if fields, format != "text" {
      throw Failure(
        .usage, "-fields applies to text only; JSON always has the fields", next: "omit it")
    }
  }

  func run() throws {
    let entries: [ProviderDirectory.Entry]
    do {
      entries = try ProviderDirectory.collect(
        processes: ProcessFilter(pids: Set(pid.flatMap(\.ids))))
    } catch {
      throw Collection.failure(error)
    }
    var report = ProviderReport(
      entries.map { entry in
        ProviderReport.Offer(
          process: ProviderReport.Process(
            pid: entry.process.pid, executable: entry.process.executable),
          providers: entry.providers)
      })
    report.showsFields = fields
    try output.write(report)
  }
}
