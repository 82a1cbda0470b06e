import TestSupport
import TraceEvents
import TraceFormat
import TraceView

/// A server that shows a small trace with hostile names, and requests to it.
final class ShownTrace {
  /// Markup, a script, marks that change the direction of text, and control characters.
  static let hostileName = "<script>alert(1)</script>\u{202e}&\"'\u{1b}[31m<img src=x onerror=y>"

  /// Nearly a megabyte of them: as much as an event may have.
  static let longName = String(repeating: hostileName, count: 1_000_000 / hostileName.utf8.count)

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

  init(path: String, _ directory: TemporaryDirectory? = nil, options: ViewOptions? = nil) throws {
    (self.path, self.directory) = (path, directory)
    server = try ViewServer(options ?? ViewOptions(paths: [path]))
    let parts = server.address.split(separator: "/")
    port = Int(parts[1].split(separator: ":").last ?? "") ?? 0
    token = String(parts[2])
  }

  deinit { server.stop() }

  /// Samples, exceptions and collections of three processes, one event each microsecond.
  static func write(
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
            exceptionType: isHostile ? hostileName : "E\(number % 7)",
            exceptionMessage: isHostile && number % 500 == 5 ? longName : "m"),
          at: time, pid: pid)
      default:
        trace.sample(
          at: time, pid: pid, tid: pid + UInt32(number % 2), stack: [1, 2, 3], weight: 1000)
      }
    }
    try trace.finish()
  }

  /// Writes samples in lines 10, 10 and 12 of a function of a file, called from line 3 of another.
  static func writeSourced(_ path: String, source: String) throws {
    var trace = try SampledTrace(path: path)
    trace.process(1, "/bin/shop")
    for (number, name, file) in [(1, "work", source), (2, "main", "/nowhere/main.cs")] {
      let start = UInt64(number) << 12
      trace.add(
        MethodLoad(
          methodID: UInt64(number), startAddress: start, size: 256, namespace: "Shop", name: name,
          signature: ""), at: 1, pid: 1)
      trace.add(
        MethodILToNativeMap(
          methodID: UInt64(number), startAddress: start, ilOffsets: [0, 1, 2],
          nativeOffsets: [0, 16, 32], lines: [3, 10, 12], sourceFile: file), at: 2, pid: 1)
    }
    for (index, offset) in [16, 20, 32].enumerated() {
      trace.sample(
        at: UInt64(index + 1) * 1000, pid: 1, stack: [4096 + UInt64(offset), 8192 + 5],
        weight: 1000)
    }
    trace.add(
      MethodUnload(
        methodID: 1, startAddress: 4096, size: 256, namespace: "Shop", name: "work", signature: ""),
      at: 5000, pid: 1)
    trace.add(ContextSwitch(direction: .on, state: .runnable), at: 6000, pid: 1)
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
