import Foundation

/// A temporary directory for a test, removed with its contents.
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
