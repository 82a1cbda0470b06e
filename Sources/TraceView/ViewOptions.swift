/// What a ``ViewServer`` shows, and where.
public struct ViewOptions: Sendable {
  /// One trace, or two to compare: before, after.
  public var paths: [String]
  /// The address to listen at. Any but a loopback address lets other machines connect.
  public var host = "127.0.0.1"
  /// The port; 0 for any free one.
  public var port = 0
  /// Further directories with images and debug files.
  public var symbolPath: [String] = []
  /// Whether summaries that take long to make are kept in a directory beside the trace.
  public var keepsSummaries = true
  /// Nanoseconds that a summary must take to make to be kept.
  package var keptFrom_ns: Int64 = 100_000_000
  /// Directory of the secret with which kept summaries are signed; nil for the user's.
  package var keyDirectory: String?
  /// Says in a sentence why a trace cannot be shown; nil for errors that it does not recognize.
  public var explain: @Sendable (any Error, _ path: String) -> String? = { _, _ in nil }

  public init(paths: [String]) { self.paths = paths }
}
