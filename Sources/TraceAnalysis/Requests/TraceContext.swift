/// The ids of a W3C `traceparent`: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
public struct TraceContext: Hashable, Sendable {
  /// Identifies the whole trace: 32 hexadecimal digits.
  public var traceID: String
  /// Identifies the request in it: 16 hexadecimal digits.
  public var spanID: String

  /// Nil if the text is not a `traceparent`. A version later than 00 may have more parts.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy(Self.isHexadecimal),
      parts[0] != "ff", parts[0] != "00" || parts.count == 4,
      parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
    else { return nil }
    (traceID, spanID) = (String(parts[1]), String(parts[2]))
  }

  /// Capitals are not permitted.
  private static func isHexadecimal(_ text: Substring, _ count: Int) -> Bool {
    text.utf8.count == count
      && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
