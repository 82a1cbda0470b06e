import ArgumentParser
import TraceAnalysis
import TraceExport
import TraceSession

/// `tracectl providers`: lists the providers and events of running processes.
struct Providers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "providers",
    abstract: "List the providers, keywords and events of running programs.",
    discussion: """
      Programs that link TraceProvider list their own providers. A .NET process has the
      runtime's provider, Microsoft-Windows-DotNETRuntime; the runtime does not tell the
      names of the program's EventSources, which 'tracectl collect' accepts nevertheless.
      """)

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
    let offers = entries.map { entry in
      ProviderReport.Offer(
        process: ProviderReport.Process(
          pid: entry.process.pid, executable: entry.process.executable),
        providers: entry.providers)
    }
    let runtimes = DotNetDirectory.collect(pids: Set(pid.flatMap(\.ids))).map { entry in
      ProviderReport.Offer(
        process: ProviderReport.Process(
          pid: entry.pid, executable: entry.executable, runtime: entry.runtime),
        providers: [DotNetDirectory.provider])
    }
    var report = ProviderReport(offers + runtimes)
    report.showsFields = fields
    try output.write(report)
  }
}
