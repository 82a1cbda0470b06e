/// Decides which requests may be answered at all.
///
/// A page of another site can send requests to a local address, and with DNS rebinding its own name
/// can become that of this server. Such a page knows no token, its requests have its name as Host,
/// and its scripts send its Origin.
package struct RequestGuard: Sendable {
  package let token: String
  package let port: Int
  /// The host given by the user, which requests may name.
  package let host: String
  /// Whether only this machine may connect.
  package let isLoopback: Bool

  package init(token: String, host: String, port: Int, isLoopback: Bool) {
    (self.token, self.host, self.port) = (token, host.lowercased(), port)
    self.isLoopback = isLoopback
  }

  /// A token of 128 random bits, in hexadecimal.
  package static func makeToken() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<32).map { _ in
      String(UInt8.random(in: 0..<16, using: &generator), radix: 16)
    }.joined()
  }

  /// The parts of a request that matter.
  package struct Request: Sendable {
    package var method: String
    package var target: String
    package var hosts: [String]
    package var origins: [String]

    package init(method: String, target: String, hosts: [String], origins: [String] = []) {
      (self.method, self.target) = (method, target)
      (self.hosts, self.origins) = (hosts, origins)
    }
  }

  /// Returns the request's path and parameters; the path begins with the token.
  ///
  /// - Throws: the reason why the request is refused.
  package func admit(_ request: Request) throws(Refusal) -> Query {
    guard request.method == "GET" || request.method == "HEAD" else {
      throw Refusal(405, "This server only answers GET and HEAD.")
    }
    guard request.hosts.count == 1, let host = request.hosts.first, isOwn(host) else {
      throw Refusal(403, "The Host of the request is not this server's.")
    }
    guard request.origins.allSatisfy({ $0.lowercased() == "http://\(host.lowercased())" }) else {
      throw Refusal(403, "The request comes from a page of another origin.")
    }
    let query = try Query(request.target)
    guard let given = query.path.first, Self.areEqual(given, token) else {
      throw Refusal(403, "The address lacks the token; use the one that 'tracectl view' printed.")
    }
    return query
  }

  /// Returns the path of a request for a shared file; the path has a secret of its own.
  ///
  /// - Throws: the reason why the request is refused.
  func admitShared(_ request: Request) throws(Refusal) -> [String] {
    guard ["GET", "HEAD", "OPTIONS"].contains(request.method) else {
      throw Refusal(405, "This server only answers GET and HEAD.")
    }
    guard request.hosts.count == 1, let host = request.hosts.first, isOwn(host) else {
      throw Refusal(403, "The Host of the request is not this server's.")
    }
    return try Query(request.target).path
  }

  /// Whether the Host is an address of this server. Names other than `localhost` and the user's own
  /// are refused; addresses cannot be rebound.
  private func isOwn(_ text: String) -> Bool {
    let text = text.lowercased()
    var name = text[...]
    var number = "80"[...]
    if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
      (name, number) = (text[..<colon], text[text.index(after: colon)...])
    }
    guard number.allSatisfy(\.isNumber), Int(number) == port else { return false }
    if ["localhost", "127.0.0.1", "[::1]"].contains(name) || name == host { return true }
    return !isLoopback && Self.isAddress(name)
  }

  private static func isAddress(_ name: Substring) -> Bool {
    if name.hasPrefix("["), name.hasSuffix("]") {
      return name.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }

  /// Compares in a time that does not depend on where the texts differ.
  static func areEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
