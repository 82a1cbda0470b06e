internal import Glibc
internal import Locks

/// Files that a page of another site may read, because the user clicked on a link that opens them
/// there.
///
/// - Guarantee: each is read by one origin only, at an address that nobody can guess, for
///   ``seconds``; there are at most ``filesMax`` of at most ``bytesMax`` in all.
final class SharedFiles: Sendable {
  static let filesMax = 4
  static let bytesMax = 512 << 20
  static let seconds: Int64 = 600

  /// A site that opens files.
  struct Viewer: Sendable {
    var name: String
    var format: String
    var origin: String

    static let all = [
      Viewer(name: "firefox", format: "firefox", origin: "https://profiler.firefox.com"),
      Viewer(name: "speedscope", format: "speedscope", origin: "https://www.speedscope.app"),
    ]
  }

  private struct Shared {
    var ticket: String
    var origin: String
    var answer: Answer
    var ends_s: Int64
  }

  private let files = Lock<[Shared]>([])

  /// Keeps an answer for a viewer; returns the path below the server at which it is.
  func add(_ answer: Answer, for viewer: Viewer) -> String {
    let ticket = RequestGuard.makeToken()
    var answer = answer
    answer.allowedOrigin = viewer.origin
    let shared = Shared(
      ticket: ticket, origin: viewer.origin, answer: answer, ends_s: Self.now_s + Self.seconds)
    files.withLock { files in
      Self.removeOld(&files)
      files.append(shared)
      while files.count > Self.filesMax
        || files.count > 1 && files.reduce(0, { $0 + $1.answer.bytes.count }) > Self.bytesMax
      {
        files.removeFirst()
      }
    }
    return "/shared/\(ticket)/\(answer.fileName ?? "trace")"
  }

  /// Returns the file at a path, if the origin may read it; nil if there is none.
  func answer(_ path: [String], origins: [String]) -> Answer? {
    guard path.count == 3, path[0] == "shared" else { return nil }
    return files.withLock { files in
      Self.removeOld(&files)
      let found = files.first { RequestGuard.areEqual($0.ticket, path[1]) }
      guard let found, origins == [found.origin] else { return nil }
      return found.answer
    }
  }

  private static func removeOld(_ files: inout [Shared]) {
    let now_s = now_s
    files.removeAll { $0.ends_s < now_s }
  }

  private static var now_s: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec)
  }
}
