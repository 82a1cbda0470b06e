import Foundation

/// A directory of a test's own, removed with what is in it.
public final class TemporaryDirectory: Sendable {
  public let path: String

  public init() {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("trace-test-\(UUID().uuidString.prefix(13))")
    try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
