import TestSupport
import TraceEvents
import TraceFormat
import TraceView

/// A server that shows a small trace with hostile names, and requests to it.
final class ShownTrace {
  /// Markup, a script, marks that change the direction of text, and control characters.
  static let hostileName = "<script>alert(1)</script>\u{202e}&\"'\u{1b}[31m<img src=x onerror=y>"

  let path: String
  let server: ViewServer
  let port: Int
  let token: String
  private let directory: TemporaryDirectory?

  convenience init(
    events: Int = 20_000, isHostile: Bool = false, blockEvents: Int = 65_536
  ) throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/t.etl"
    var options = TraceWriter.Options()
    options.blockEvents = blockEvents
    try Self.write(path, events: events, isHostile: isHostile, options)
    try self.init(path: path, directory)
  }

  init(path: String, _ directory: TemporaryDirectory? = nil) throws {
    (self.path, self.directory) = (path, directory)
    server = try ViewServer(ViewOptions(paths: [path]))
    let parts = server.address.split(separator: "/")
    port = Int(parts[1].split(separator: ":").last ?? "") ?? 0
    token = String(parts[2])
  }

  deinit { server.stop() }

  /// Samples, exceptions and collections of three processes, one event each microsecond.
  private static func write(
    _ path: String, events: Int, isHostile: Bool, _ options: TraceWriter.Options
  ) throws {
    var trace = try SampledTrace(path: path, options: options)
    for pid in [10, 20, 30] as [UInt32] {
      trace.process(pid, isHostile ? hostileName : "/bin/p\(pid)")
    }
    for number in 0..<events {
      let time = UInt64(number) * 1000
      let pid = UInt32(number % 3 + 1) * 10
      switch number % 100 {
      case 0:
        trace.add(
          GCStart(count: UInt32(number), depth: 0, reason: .allocSmall), at: time, pid: pid)
      case 3: trace.add(GCEnd(count: UInt32(number - 3), depth: 0), at: time, pid: pid)
      case 4...6:
        trace.add(
          ExceptionThrown(
            exceptionType: isHostile ? hostileName : "E\(number % 7)", exceptionMessage: "m"),
          at: time, pid: pid)
      default:
        trace.sample(
          at: time, pid: pid, tid: pid + UInt32(number % 2), stack: [1, 2, 3], weight: 1000)
      }
    }
    try trace.finish()
  }

  /// Requests an address below the token; `head` replaces the lines after the first.
  func get(
    _ path: String, method: String = "GET", head: String? = nil, token: String? = nil
  ) throws -> RawAnswer {
    let target = "/\(token ?? self.token)/\(path)"
    let lines = head ?? "Host: 127.0.0.1:\(port)\r\n"
    let bytes = try raw(
      Array("\(method) \(target) HTTP/1.1\r\n\(lines)Connection: close\r\n\r\n".utf8))
    guard let answer = RawAnswer(bytes) else { throw RawClient.Failure(step: "answer") }
    return answer
  }

  /// Sends bytes and returns what comes back until the server closes.
  func raw(_ bytes: [UInt8]) throws -> [UInt8] {
    let client = try RawClient(port: port)
    defer { client.end() }
    client.send(bytes)
    return client.readAll()
  }
}
