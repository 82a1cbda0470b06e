import ArgumentParser
import TraceAnalysis

/// `tracectl symbols`: what of a trace's stacks has names, from where, and why the rest has none.
struct Symbols: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show which images and sources of code have names, and why others have none.",
    discussion: """
      Lists the images, the kernel and the sources of code compiled at run time that stacks went \
      through, most frames first, and where their names come from: the trace itself, files of \
      this machine, or what runtimes announced.

      tracectl symbols trace.etl -missing -symbol-path /mnt/other-machine
      """)

  @Argument(help: ArgumentHelp("The trace file.", valueName: "file"))
  var path: String

  @Option(help: "How: text, or json (one object).")
  var format: SymbolView.Format = .text

  @Flag(help: "Only what has addresses without a name.")
  var missing = false

  @Option(
    name: .customLong("symbol-path"),
    help: ArgumentHelp("Look for images and debug files here, too.", valueName: "directory"))
  var symbolPath: [String] = []

  func run() throws {
    var view = SymbolView(file: try OpenTrace.open(path))
    view.format = format
    view.showsOnlyMissing = missing
    view.options.searchRoots = symbolPath
    try view.run()
  }
}

extension SymbolView.Format: ExpressibleByArgument {}
