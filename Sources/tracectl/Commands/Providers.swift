import ArgumentParser
import TraceSession

/// `tracectl providers`: which running processes offer which events.
struct Providers: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what running programs offer: providers, keywords and events.")

  @Option(
    name: [.customShort("p"), .long], parsing: .upToNextOption,
    help: ArgumentHelp("Only these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Flag(help: "List the fields of each event as well.")
  var fields = false

  func run() throws {
    let entries: [ProviderDirectory.Entry]
    do {
      entries = try ProviderDirectory.collect(
        processes: ProcessFilter(pids: Set(pid.flatMap(\.ids))))
    } catch {
      throw Collection.failure(error)
    }
    try show(ProviderReport(entries, showsFields: fields).lines)
  }
}
