import ArgumentParser
import TraceExport
import TraceFormat
import TraceView

/// `tracectl view`: shows a trace in a browser.
struct View: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view",
    abstract: "Show a trace in a browser: timeline, flame graph, reports and events.",
    discussion: """
      Serves a page at a local address, which it prints, until Ctrl-C. The address has a secret: \
      who knows it can read the trace. With two traces, the page also compares them. A file that \
      is still being written is shown as far as it is written, and the page follows it.

      tracectl view trace.etl
      tracectl view before.etl after.etl
      tracectl view trace.etl -http 127.0.0.1:8080 -no-browser
      """)

  @Argument(help: ArgumentHelp("The trace file, or two to compare.", valueName: "file"))
  var paths: [String]

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

  func validate() throws {
    guard paths.count <= 2 else {
      throw Failure(.usage, "view shows one trace or compares two", next: "give fewer files")
    }
    guard !paths.contains(StandardInput.optionValue) else {
      throw Failure(
        .usage, "view reads a trace again and again, which standard input does not allow",
        next: "write the trace to a file and give that")
    }
  }

  func run() throws {
    for path in paths { _ = try OpenTrace.open(path) }
    var options = ViewOptions(paths: paths)
    options.symbolPath = symbolPath
    if let http { (options.host, options.port) = (http.host, http.port) }
    options.explain = { error, path in OpenTrace.sentence(error, path: path) }
    var signals = SignalWait()
    let server: ViewServer
    do {
      server = try ViewServer(options)
    } catch let failure as ViewServer.Failure {
      throw Failure(.unavailable, failure.sentence, next: "give another address with -http")
    }
    if !Loopback.includes(options.host) {
      complain(
        "tracectl: others who can reach this machine and know the address can read the trace")
    }
    complain("tracectl: \(server.address)")
    let browser = noBrowser ? nil : Browser.open(server.address, signals.originalMask)
    while true {
      if case .stop = signals.next(timeout_ns: 60_000_000_000) { break }
    }
    browser?.remove()
    server.stop()
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

/// Hosts that only this machine can reach.
private enum Loopback {
  static func includes(_ host: String) -> Bool {
    ["localhost", "::1"].contains(host) || host.hasPrefix("127.")
  }
}
