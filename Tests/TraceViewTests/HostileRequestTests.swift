import Glibc
import Locks
import TestSupport
import Testing
import TraceView

/// Requests that no browser sends. The server must outlive them.
@Suite(.randomized) struct HostileRequestTests {
  @Test func randomBytesDoNotEndIt() throws {
    let shown = try ShownTrace(events: 1000)
    var random = SeededGenerator()
    let words = [
      "GET ", "/", shown.token, "/api/", "events", "?row=", "timeline", "%", "%00", "&where=",
      "a>1",
      " HTTP/1.1\r\n", "Host: 127.0.0.1:\(shown.port)\r\n", "\r\n", "Content-Length: 9999999\r\n",
      "Transfer-Encoding: chunked\r\n", "-1", "18446744073709551616", "from=", "to=", "pid=,,",
      "\0",
      "report/", "gc", "stacks", "fold=%5E", "group=a-%3E", "include=*", "columns=4096", "..", "é",
    ]
    for _ in 0..<300 {
      var bytes: [UInt8] = []
      for _ in 0..<(1 + random.below(20)) {
        if random.below(10) == 0 {
          bytes += (0..<random.below(200)).map { _ in UInt8(random.below(256)) }
        } else {
          bytes += Array(words[random.below(words.count)].utf8)
        }
      }
      let client = try RawClient(port: shown.port)
      client.send(bytes + Array("\r\n\r\n".utf8))
      client.endSending()
      _ = client.readAll()
      client.end()
    }
    #expect(try shown.get("api/state").status == 200)
  }

  @Test func queriesOfRandomNumbersAreAnswered() throws {
    let shown = try ShownTrace(events: 3000)
    var random = SeededGenerator()
    let numbers = [
      "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "x",
      "",
      "4096", "1000", "3000000", "2999000",
    ]
    func number() -> String { numbers[random.below(numbers.count)] }
    let routes = [
      "timeline", "events", "flame", "report/gc", "report/stacks", "report/system", "event",
    ]
    let keys = [
      "from", "to", "row", "count", "columns", "pid", "tid", "at", "top", "expand", "file", "where",
      "threshold", "wall", "event", "format",
    ]
    for _ in 0..<200 {
      let query = (0..<random.below(5)).map { _ in "\(keys[random.below(keys.count)])=\(number())" }
      let path = "api/\(routes[random.below(routes.count)])?\(query.joined(separator: "&"))"
      let answer = try shown.get(path)
      #expect([200, 400, 404, 422].contains(answer.status), "\(path): \(answer.status)")
    }
    #expect(try shown.get("api/state").status == 200)
  }

  @Test func aThousandRequestsAtOnceAreAnswered() throws {
    let shown = try ShownTrace(events: 5000)
    let (port, token) = (shown.port, shown.token)
    // 20 threads with 50 connections each, all of which are open at once.
    let statuses = Monitor<[Int: Int]>([:])
    let threads = (0..<20).map { number in
      TestThread {
        let clients = (0..<50).compactMap { _ in try? RawClient(port: port) }
        for (index, client) in clients.enumerated() {
          let path = "/\(token)/api/timeline?columns=\(100 + number * 50 + index)"
          client.send(
            Array(
              "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8))
        }
        for client in clients {
          let status = RawAnswer(client.readAll())?.status ?? 0
          statuses.withLock { $0[status, default: 0] += 1 }
          client.end()
        }
      }
    }
    for thread in threads { thread.join() }
    let found = statuses.withLock { $0 }
    // Beyond the limits, a connection is closed (0) or refused in words (503).
    #expect(Set(found.keys).isSubset(of: [0, 200, 503]), "\(found)")
    #expect(found[200, default: 0] >= 256, "\(found)")
    #expect(try shown.get("api/state").status == 200)
  }

  @Test func aBodyThatNeverEndsIsCutOff() throws {
    let shown = try ShownTrace(events: 10)
    let client = try RawClient(port: shown.port)
    defer { client.end() }
    client.send(
      Array(
        """
        GET /\(shown.token)/ HTTP/1.1\r\nHost: 127.0.0.1:\(shown.port)\r\n\
        Content-Length: 100000000\r\n\r\n
        """.utf8))
    let part = [UInt8](repeating: 65, count: 1 << 16)
    var sent = 0
    while sent < 200, client.send(part) { sent += 1 }
    #expect(sent < 200)
    #expect(try shown.get("api/state").status == 200)
  }
}

/// A thread that runs a closure.
final class TestThread {
  private var handle = pthread_t()

  init(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Box(body))
    pthread_create(
      &handle, nil,
      {
        Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
        return nil
      }, box.toOpaque())
  }

  func join() { pthread_join(handle, nil) }

  private final class Box: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
