internal import Glibc
internal import OSStrings

/// Finds what answers a request.
struct PprofDesk: Sendable {
  typealias Work = @Sendable (Cancellation) throws(PprofRefusal) -> PprofResponse

  static let bodyBytesMax = 64 << 10
  private let options: PprofOptions
  private let cpu = CPUEndpoint()
  private let trace = TraceEndpoint()

  init(_ options: PprofOptions) { self.options = options }

  /// - Throws: the reason why the request is refused without any work.
  func work(for request: PprofRequest) throws(PprofRefusal) -> Work {
    if let token = options.token, !PprofToken.isIn(request.authorization, token) {
      throw PprofRefusal(401, "The request lacks the token, or it has another one.")
    }
    guard request.body.count <= Self.bodyBytesMax else {
      throw PprofRefusal(413, "The body is larger than \(Self.bodyBytesMax) bytes.")
    }
    let query = try PprofQuery(request.target)
    let name = try endpoint(query.path)
    try check(request.method, of: name)
    switch name {
    case "", "cmdline":
      return { _ in name.isEmpty ? Self.index() : Self.commandLine() }
    case "profile":
      let parameters = try CPUEndpoint.Parameters(query, options)
      return { [cpu] cancellation throws(PprofRefusal) in
        try cpu.answer(parameters, cancellation)
      }
    case "threads", "goroutine":
      let parameters = try ThreadsEndpoint.Parameters(query, options)
      return { cancellation throws(PprofRefusal) in
        try ThreadsEndpoint.answer(as: name, parameters, cancellation)
      }
    case "heap", "allocs":
      let kind: HeapEndpoint.Kind = name == "heap" ? .heap : .allocs
      let parameters = try HeapEndpoint.Parameters(kind, query, options)
      return { cancellation throws(PprofRefusal) in
        try HeapEndpoint.answer(parameters, cancellation)
      }
    case "block", "mutex":
      let kind: LockEndpoint.Kind = name == "block" ? .block : .mutex
      let parameters = try LockEndpoint.Parameters(kind, query, options)
      return { cancellation throws(PprofRefusal) in
        try LockEndpoint.answer(parameters, cancellation)
      }
    case "trace":
      let parameters = try TraceEndpoint.Parameters(query, options)
      return { [trace] cancellation throws(PprofRefusal) in
        try trace.answer(parameters, cancellation)
      }
    case "symbol":
      let text = request.method == "POST" ? String(osBytes: request.body) : query.raw
      return { _ throws(PprofRefusal) in try SymbolEndpoint.answer(text) }
    default:
      if let missing = PprofEndpoint.missing[name] { throw PprofRefusal(501, missing) }
      throw PprofRefusal(404, "There is no profile of this name; the index page lists them.")
    }
  }

  /// The part of the path after the prefix, without a slash at its end.
  private func endpoint(_ path: String) throws(PprofRefusal) -> String {
    guard path.hasPrefix(options.prefix) else {
      throw PprofRefusal(404, "There is nothing at this address; see \(options.prefix)/.")
    }
    let rest = path.dropFirst(options.prefix.count)
    guard rest.isEmpty || rest.first == "/" else {
      throw PprofRefusal(404, "There is nothing at this address; see \(options.prefix)/.")
    }
    return String(rest.dropFirst())
  }

  private func check(_ method: String, of name: String) throws(PprofRefusal) {
    var allowed = ["GET"]
    if name.isEmpty || name == "cmdline" { allowed.append("HEAD") }
    if name == "symbol" { allowed += ["HEAD", "POST"] }
    guard allowed.contains(method) else {
      let list = allowed.joined(separator: ", ")
      var refusal = PprofRefusal(405, "This address only answers \(list).")
      refusal.allowed = list
      throw refusal
    }
  }

  /// The arguments of the program, separated by zero bytes.
  private static func commandLine() -> PprofResponse {
    var bytes = OSPath.contents("/proc/self/cmdline", limit: 1 << 20) ?? []
    if bytes.last == 0 { bytes.removeLast() }
    return PprofResponse(mediaType: "text/plain; charset=utf-8", PprofBody(bytes))
  }

  private static func index() -> PprofResponse {
    let page = PprofEndpoint.page(
      threads: OwnThreads.ids().count, heapSamples: HeapSampler.sampleCount,
      locks: LockWaits.counts)
    return PprofResponse(mediaType: "text/html; charset=utf-8", PprofBody(Array(page.utf8)))
  }
}
