import ArgumentParser
import TraceView

/// `tracectl view`: shows a trace in a browser.
struct View: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view",
    abstract: "Show a trace in a browser: timeline, flame graph, reports and events.",
    discussion: """
      Serves a page at a local address, which it prints, until Ctrl-C. The address has a secret: \
      who knows it can read the trace. With two traces, the page also compares them. A file that \
      is still being written is shown as far as it is written, and the page follows it. With \
      -live and the options of collect, a collection is started and shown while it runs; Ctrl-C \
      ends it and keeps its file, and another Ctrl-C ends the page.

      tracectl view trace.etl
      tracectl view before.etl after.etl
      tracectl view trace.etl -http 127.0.0.1:8080 -no-browser
      tracectl view -live -providers CPU,GC -o trace.etl -- java Main
      tracectl view -live -providers CPU -p 1234
      """)

  @Argument(help: ArgumentHelp("The trace file.", valueName: "file"))
  var file: String?

  @Argument(help: ArgumentHelp("A file to compare with it.", valueName: "other-file"))
  var other: String?

  @Option(
    help: ArgumentHelp(
      "The address to listen at (default: 127.0.0.1:0, any free port of this machine only).",
      valueName: "host:port"))
  var http: HostAndPort?

  @Flag(name: .customLong("no-browser"), help: "Only print the address.")
  var noBrowser = false

  @Option(
    name: .customLong("symbol-path"),
    help: ArgumentHelp("Look for images and debug files here, too.", valueName: "directory"))
  var symbolPath: [String] = []

  @Flag(
    name: .customLong("no-cache"),
    help: "Neither read nor write summaries beside the trace, in trace.etl.view.")
  var noCache = false

  @Flag(help: "Start a collection with the following options, and show it while it runs.")
  var live = false

  @OptionGroup(title: "With -live, as for collect") var collect: Collect

  private var paths: [String] { [file, other].compactMap { $0 } }

  func validate() throws {
    if live {
      if let path = paths.first {
        throw Failure(
          .usage, "-live shows what it collects, and not \(path)",
          next: "omit \(path), or -live; -o names the file to write")
      }
      return try collect.checkShowable()
    }
    if let option = collect.given.first {
      throw Failure(
        .usage, "\(option) is for a collection, and none is started",
        next: "add -live, or omit \(option)")
    }
    guard !paths.isEmpty else {
      throw Failure(
        .usage, "view shows a trace, and none is given",
        next: "give its file, or -live to collect one")
    }
    guard !paths.contains(StandardInput.optionValue) else {
      throw Failure(
        .usage, "view reads a trace again and again, which standard input does not allow",
        next: "write the trace to a file and give that")
    }
  }

  func run() throws {
    if live {
      let view = LiveView(collect, options([collect.path]), opensBrowser: !noBrowser)
      let code = try view.run()
      if code != 0 { throw ExitCode(code) }
      return
    }
    for path in paths { _ = try OpenTrace.open(path) }
    var signals = SignalWait()
    let page = try ServedPage(
      options(paths), opensBrowser: !noBrowser, mask: signals.originalMask)
    page.wait(&signals)
    page.end()
  }

  private func options(_ paths: [String]) -> ViewOptions {
    var options = ViewOptions(paths: paths)
    options.symbolPath = symbolPath
    options.keepsSummaries = !noCache
    if let http { (options.host, options.port) = (http.host, http.port) }
    return options
  }
}

/// The argument of `-http`: `127.0.0.1:8080`, `localhost:0`, `[::1]:8080`.
struct HostAndPort: ExpressibleByArgument {
  var host: String
  var port: Int

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"),
      let port = UInt16(argument[argument.index(after: colon)...])
    else { return nil }
    var host = argument[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    (self.host, self.port) = (String(host), Int(port))
  }
}
