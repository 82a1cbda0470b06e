import Glibc
import TraceView

/// The page of `tracectl view` while it is served, and the browser that was opened with it.
struct ServedPage {
  private let server: ViewServer
  private let browser: Browser?

  /// Starts the server, prints its address and opens a browser.
  ///
  /// - Parameter mask: the signal mask for the browser.
  init(_ options: ViewOptions, opensBrowser: Bool, mask: sigset_t) throws(Failure) {
    var options = options
    options.explain = { error, path in OpenTrace.sentence(error, path: path) }
    do {
      server = try ViewServer(options)
    } catch {
      let sentence = (error as? ViewServer.Failure)?.sentence ?? "\(error)"
      throw Failure(.unavailable, sentence, next: "give another address with -http")
    }
    if !Loopback.includes(options.host) {
      complain(
        "tracectl: others who can reach this machine and know the address can read the trace")
    }
    complain("tracectl: \(server.address)")
    browser = opensBrowser ? Browser.open(server.address, mask) : nil
  }

  /// Serves until a signal asks for the end.
  func wait(_ signals: inout SignalWait) {
    while true {
      if case .stop = signals.next(timeout_ns: 60_000_000_000) { return }
    }
  }

  func end() {
    browser?.remove()
    server.stop()
  }
}

/// Hosts that only this machine can reach.
private enum Loopback {
  static func includes(_ host: String) -> Bool {
    ["localhost", "::1"].contains(host) || host.hasPrefix("127.")
  }
}
