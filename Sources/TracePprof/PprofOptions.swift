/// Where a ``PprofServer`` listens, and what it grants.
public struct PprofOptions: Sendable {
  /// The address to listen at. Any but a loopback address lets other machines connect: then set
  /// ``token``.
  public var host = "127.0.0.1"
  /// The port; 0 for any free one.
  public var port = 6060
  /// A secret that requests must have: as `Authorization: Bearer TOKEN`, or as the password of
  /// `http://pprof:TOKEN@host:port/…`, which `go tool pprof` understands. Nil asks for none.
  public var token: String?
  /// Path under which all endpoints are, without a slash at its end.
  public var prefix = "/debug/pprof"
  /// Maximum value of the parameter `seconds`.
  public var secondsMax = 300.0
  /// Size in bytes at which a trace ends before its time. What the buffers hold comes on top.
  public var traceBytesMax = 64 << 20

  public init() {}
}

/// A request to a ``PprofHandler``.
public struct PprofRequest: Sendable {
  /// `GET`, `HEAD` or `POST`.
  public var method: String
  /// Path and query, percent-encoded as in HTTP.
  public var target: String
  /// Value of the header `Authorization`; nil without it.
  public var authorization: String?
  /// At most 64 KiB; only `symbol` has one.
  public var body: [UInt8] = []

  public init(method: String = "GET", target: String, authorization: String? = nil) {
    (self.method, self.target, self.authorization) = (method, target, authorization)
  }
}

/// An answer of a ``PprofHandler``.
public struct PprofResponse: Sendable {
  /// HTTP status code.
  public var status: Int
  /// Names in lower case, without `content-length`.
  public var headers: [(name: String, value: String)]
  public var body: PprofBody

  init(status: Int = 200, mediaType: String, _ body: PprofBody) {
    (self.status, self.body) = (status, body)
    headers = [
      ("content-type", mediaType), ("x-content-type-options", "nosniff"),
      ("cache-control", "no-store"),
    ]
  }

  init(text: String) {
    self.init(mediaType: "text/plain; charset=utf-8", PprofBody(Array(text.utf8)))
  }

  /// A file to be saved under a name.
  init(file name: String, _ body: PprofBody) {
    self.init(mediaType: "application/octet-stream", body)
    headers.append(("content-disposition", "attachment; filename=\"\(name)\""))
  }
}

/// The reason why a request is not answered as asked, as a sentence for people.
struct PprofRefusal: Error, Hashable {
  var status: Int
  var sentence: String
  /// The methods allowed, with status 405.
  var allowed = ""

  init(_ status: Int, _ sentence: String) { (self.status, self.sentence) = (status, sentence) }

  var response: PprofResponse {
    var response = PprofResponse(text: sentence + "\n")
    response.status = status
    // Only then does go tool pprof show the sentence.
    response.headers.append(("x-go-pprof", "1"))
    if status == 401 {
      response.headers.append(("www-authenticate", "Basic realm=\"pprof\""))
    }
    if !allowed.isEmpty { response.headers.append(("allow", allowed)) }
    return response
  }
}
