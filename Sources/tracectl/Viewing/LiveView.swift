import Glibc
import TraceView

/// `tracectl view -live`: a collection whose page is served while it runs, and after it until a
/// signal asks for the end.
final class LiveView: CollectionGuest {
  private let collect: Collect
  private let options: ViewOptions
  private let opensBrowser: Bool
  private var page: ServedPage?
  private var endSignal: CInt?

  init(_ collect: Collect, _ options: ViewOptions, opensBrowser: Bool) {
    (self.collect, self.options, self.opensBrowser) = (collect, options, opensBrowser)
  }

  /// Returns the exit code: that of the collection.
  func run() throws -> CInt {
    defer { page?.end() }
    let ignoresHangup = SignalWait.isKeptIgnored(SIGHUP)
    var collection = try collect.collection()
    collection.guest = self
    let code = try collection.run()
    // Ctrl-C ends the collection; who ends the process or closes the terminal wants no page.
    if let endSignal, endSignal != SIGINT { return code }
    // The end of the collection ignores it.
    if !ignoresHangup { signal(SIGHUP, SIG_DFL) }
    var signals = SignalWait()
    complain("tracectl: the page shows the whole trace; Ctrl-C ends it")
    page?.wait(&signals)
    return code
  }

  func begin(_ mask: sigset_t) throws(Failure) {
    page = try ServedPage(options, opensBrowser: opensBrowser, mask: mask)
  }

  func end(_ signal: CInt?) { endSignal = signal }
}

extension Collect {
  /// Options of a collection that were given, as a user writes them.
  var given: [String] {
    let options: [(name: String, isGiven: Bool)] = [
      ("-providers", !providers.isEmpty), ("-o", output != nil), ("-p", !pid.isEmpty),
      ("-children", children), ("-process", !process.isEmpty), ("-duration", duration != nil),
      ("-buffer-size", bufferSize != nil), ("-mode", mode != nil), ("-stacks", !stacks.isEmpty),
      ("-unwind", unwind != nil), ("-no-symbols", noSymbols), ("-isolate", isolate == true),
      ("-no-isolate", isolate == false), ("-quiet", quiet), ("--", !command.isEmpty),
    ]
    return options.filter(\.isGiven).map(\.name)
  }

  /// Checks that the trace can be shown while it is collected.
  func checkShowable() throws(Failure) {
    if StandardOutput.isMeant(by: path) {
      throw Failure(
        .usage, "-live shows the file that the collection writes, and standard output is none",
        next: "give -o a file name")
    }
    if OutputLock.isOtherThanFile(path: path) {
      throw Failure(
        .usage, "-live shows the file that the collection writes, and \(path) is none",
        next: "give -o the name of a file")
    }
    if mode == .overwrite {
      throw Failure(
        .usage, "-mode overwrite writes the trace at its end, and -live would show nothing before",
        next: "omit -mode, or collect first and view the file then")
    }
  }
}
