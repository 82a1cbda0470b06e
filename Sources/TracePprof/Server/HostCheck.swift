/// Decides by the header `Host` which requests may be answered.
///
/// A page of another site can send requests to a local address, and with DNS rebinding its own name
/// can become that of this server. Its requests then have its name as Host.
struct HostCheck: Sendable {
  var host: String
  var port: Int
  /// Whether only this machine may connect.
  var isLoopback: Bool

  /// Whether the Host is an address of this server. Names other than `localhost` and the one given
  /// by the program are refused; addresses cannot be rebound.
  func admits(_ hosts: [String]) -> Bool {
    guard hosts.count == 1, let text = hosts.first?.lowercased() else { return false }
    var name = text[...]
    var number = "80"[...]
    if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
      (name, number) = (text[..<colon], text[text.index(after: colon)...])
    }
    guard number.allSatisfy(\.isNumber), Int(number) == port else { return false }
    if ["localhost", "127.0.0.1", "[::1]"].contains(name) || name == host.lowercased() {
      return true
    }
    return !isLoopback && Self.isAddress(name)
  }

  private static func isAddress(_ name: Substring) -> Bool {
    if name.hasPrefix("["), name.hasSuffix("]") {
      return name.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}
