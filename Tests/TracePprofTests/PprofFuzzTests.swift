import TestSupport
import Testing

/// Requests that no tool sends. The server must outlive them.
@Suite(.serialized, .randomized) struct PprofFuzzTests {
  @Test func everyAddressIsAnswered() throws {
    let subject = try Subject(
      "heap",
      variables: ["LD_PRELOAD": Subject.heapLibrary, "TRACE_HEAP_INTERVAL": "4096"])
    var random = SeededGenerator()
    let words = [
      "/debug/pprof", "/", "profile", "threads", "goroutine", "symbol", "cmdline", "heap", "allocs",
      "trace", "providers=", "stacks=", "CPU:99", "*", ",", ":", "gc=",
      "?", "&", "=", "seconds=", "0", "-1", "0.001", "rate=", "debug=", "2", "%", "%00", "%ff",
      "..",
      "0x", "ffffffffffffffff", "+", "18446744073709551616", "nan", "é", "//",
    ]
    for _ in 0..<Rounds.count(3000) {
      var target = random.below(4) == 0 ? "/" : "/debug/pprof/"
      for _ in 0..<random.below(8) { target += words[random.below(words.count)] }
      // A profile of the usual length, or many of any, would take too long.
      let isLong = target.contains("profile") || target.contains("trace")
      if isLong || target.contains("seconds="), !target.contains("seconds=0.001") { target += "/" }
      if isLong || target.contains("threads") || target.contains("goroutine"),
        random.below(8) != 0
      {
        target += "/"
      }
      let answer = try subject.send(target)
      #expect(
        [200, 400, 404, 405, 409, 414, 501].contains(answer.status), "\(target): \(answer.status)")
    }
    #expect(try subject.get("").status == 200)
  }

  @Test func randomBytesDoNotEndIt() throws {
    let subject = try Subject()
    var random = SeededGenerator(1)
    for _ in 0..<Rounds.count(1000) {
      let client = try RawClient(port: subject.port)
      let start = random.below(2) == 0 ? "GET /debug/pprof/ HTTP/1.1\r\nHost: " : ""
      var bytes = Array(start.utf8)
      bytes += (0..<random.below(300)).map { _ in UInt8(random.below(256)) }
      client.send(bytes + Array("\r\n\r\n".utf8))
      client.endSending()
      _ = client.readAll()
      client.end()
    }
    #expect(try subject.get("").status == 200)
  }
}
