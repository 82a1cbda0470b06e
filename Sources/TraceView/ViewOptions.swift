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
  /// Says in a sentence why a trace cannot be shown; nil for errors that it does not recognize.
  public var explain: @Sendable (any Error, _ path: String) -> String? = { _, _ in nil }

  public init(paths: [String]) { self.paths = paths }
}
