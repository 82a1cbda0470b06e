/// The endpoints, as the index page lists them.
enum PprofEndpoint {
  /// What the endpoints that do not exist would need.
  static let missing: [String: String] = [
    "threadcreate": "The creation of threads is not profiled; 'threads' shows those that run."
  ]

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
    (
      "heap", "heap?debug=1",
      "What is in use of the heap, by the places that allocated it. seconds=N: what changed in N "
        + "seconds. Needs libtraceheap.so in the program."
    ),
    (
      "allocs", "allocs?debug=1",
      "The same profile; tools first show all that was allocated since the program's start."
    ),
    (
      "block", "block?debug=1",
      "Where threads waited for locks. seconds=N: in N seconds. Needs libtracelock.so in the "
        + "program."
    ),
    (
      "mutex", "mutex?debug=1",
      "The holders that made others wait, at the place where they let go. Needs libtracelock.so."
    ),
    (
      "trace", "trace?seconds=1",
      "A trace for tracectl. Parameters: seconds (1), providers (*,CPU:99) and stacks, as of "
        + "'tracectl collect'."
    ),
    ("cmdline", "cmdline", "The program's arguments, separated by zero bytes."),
    ("symbol", "symbol", "Names for addresses: symbol?0x1234+0x5678, or the same by POST."),
  ]

  /// The index page.
  ///
  /// - Parameters:
  ///   - heapSamples: nil if the heap is not sampled.
  ///   - locks: the numbers of waits and of releases; nil if they are not measured.
  static func page(
    threads: Int, heapSamples: UInt64?, locks: (waits: UInt64, releases: UInt64)?
  ) -> String {
    let counts = [
      "threads": String(threads), "heap": heapSamples.map { "\($0) samples" } ?? "not sampled",
      "block": locks.map { "\($0.waits) waits" } ?? "not measured",
      "mutex": locks.map { "\($0.releases) releases" } ?? "not measured",
    ]
    var page = """
      <!DOCTYPE html>
      <html><head><meta charset="utf-8"><title>/debug/pprof/</title></head><body>
      <h1>/debug/pprof/</h1>
      <p>Open a profile with <code>go tool pprof http://HOST:PORT/debug/pprof/profile</code>.</p>
      <table><tr><th>Count</th><th>Profile</th><th></th></tr>

      """
    for endpoint in available {
      let count = counts[endpoint.name] ?? ""
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
