/// The endpoints, as the index page lists them.
enum PprofEndpoint {
  /// What the endpoints that do not exist would need.
  static let missing: [String: String] = [
    "heap": heap, "allocs": heap,
    "block": "Blocking is not profiled: nothing in this program records how long locks, "
      + "condition variables and sleeps make threads wait.",
    "mutex": "Contention is not profiled: nothing in this program records how long the holders of "
      + "locks make others wait.",
    "threadcreate": "The creation of threads is not profiled; 'threads' shows those that run.",
    "trace": "Traces are not recorded by this server; record one with 'tracectl collect -p PID'.",
  ]

  private static let heap =
    "Heap allocations are not sampled by this server. Start the program with 'tracectl collect "
    + "-providers Heap', whose traces 'tracectl heap -format pprof' turns into a profile."

  private static let available: [(name: String, link: String, summary: String)] = [
    (
      "profile", "profile?seconds=30",
      "CPU profile. Parameters: seconds (30), rate (99 samples a second of CPU time)."
    ),
    (
      "threads", "threads?debug=1",
      "The stacks of all threads, equal ones together; also named goroutine. debug=2 has each "
        + "thread with its name and state."
    ),
    ("cmdline", "cmdline", "The program's arguments, separated by zero bytes."),
    ("symbol", "symbol", "Names for addresses: symbol?0x1234+0x5678, or the same by POST."),
  ]

  /// The index page.
  static func page(threads: Int) -> String {
    var page = """
      <!DOCTYPE html>
      <html><head><meta charset="utf-8"><title>/debug/pprof/</title></head><body>
      <h1>/debug/pprof/</h1>
      <p>Open a profile with <code>go tool pprof http://HOST:PORT/debug/pprof/profile</code>.</p>
      <table><tr><th>Count</th><th>Profile</th><th></th></tr>

      """
    for endpoint in available {
      let count = endpoint.name == "threads" ? String(threads) : ""
      page += "<tr><td>\(count)</td><td><a href=\"\(endpoint.link)\">\(endpoint.name)</a></td>"
      page += "<td>\(endpoint.summary)</td></tr>\n"
    }
    page += "</table>\n<p><a href=\"threads?debug=2\">full stacks of all threads</a></p>\n"
    page += "<h2>Not available</h2>\n<table>\n"
    for (name, reason) in missing.sorted(by: { $0.key < $1.key }) {
      page += "<tr><td>\(name)</td><td>\(reason)</td></tr>\n"
    }
    return page + "</table>\n</body></html>\n"
  }
}
