import TestSupport
import Testing
import TraceEvents

@testable import TraceSession

/// Files of /proc and /sys, read as numbers.
@Suite(.randomized) struct CounterTextTests {
  private func read<Result>(_ text: String, _ body: (inout CounterText) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes { bytes in
      var text = CounterText(bytes)
      return body(&text)
    }
  }

  @Test func numbersAndWords() {
    let all = read("a: 12  34\nb\n99999999999999999999 x") { text in
      let word = String(decoding: text.word(endingAt: 0x3a), as: UTF8.self)
      text.skipByte()
      let numbers = [text.number(), text.number(), text.number()]
      text.skipLine()
      text.skipLine()
      return (word, numbers, text.number(), text.number(), text.isAtEnd)
    }
    #expect(all.0 == "a" && all.1 == [12, 34, nil])
    #expect(all.2 == .max && all.3 == nil && !all.4)
  }

  @Test func everyLineIsReadOnce() {
    var lines: [UInt64] = []
    read("1 a\n2\n\n3 b c\n4") { text in
      text.forEachLine { line in
        if let number = line.number() { lines.append(number) }
        // One body reads more than its line, another nothing.
        if number(lines) == 2 { line.skipLine() }
      }
    }
    #expect(lines == [1, 2, 3, 4])
    func number(_ lines: [UInt64]) -> UInt64 { lines.last ?? 0 }
  }

  @Test func keysAreFound() {
    let text = "voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t7\n"
    #expect(read(text) { $0.number(after: "nonvoluntary_ctxt_switches:") } == 7)
    #expect(read(text) { $0.number(after: "voluntary_ctxt_switches:") } == 5)
    #expect(read(text) { $0.number(after: "ctxt") } == nil)
  }

  /// Nothing that a file contains leads out of its bytes.
  @Test func anyBytes() {
    var random = SeededGenerator()
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
        "0129 \n\t:=)-max\u{ff}".utf8.randomElement(using: &random)!
      }
      bytes.withUnsafeBytes { bytes in
        var text = CounterText(bytes)
        _ = text.skip(pastLast: UInt8(ascii: ")"))
        text.forEachLine { line in
          _ = line.take("max")
          _ = line.count()
          line.skipWords(2)
          _ = line.word(endingAt: UInt8(ascii: ":"))
          line.skipByte()
        }
        _ = text.number(after: "0:")
        #expect(text.isAtEnd || text.number(after: "nothing") == nil)
      }
    }
  }

  @Test func cgroupsAreFoundWhereTheyAreMounted() {
    let places = CgroupPlaces(
      mounts: """
        33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 /docker/1a /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup rw,memory
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
        a line that is none
        """)
    #expect(
      places.controllers["cpuacct"]?.directory(of: "/app") == "/sys/fs/cgroup/cpu,cpuacct/app")
    let memory = places.controllers["memory"]
    #expect(memory?.directory(of: "/docker/1a") == "/sys/fs/cgroup/mem ory")
    #expect(memory?.directory(of: "/docker/1a/b") == "/sys/fs/cgroup/mem ory/b")
    #expect(memory?.directory(of: "/docker/2b") == nil)
    #expect(memory?.directory(of: "/docker/1a/../2b") == nil)
    #expect(places.unified?.directory(of: "/") == "/sys/fs/cgroup/unified")
    let paths = read("5:memory:/a:b c\n2:cpu,cpuacct:/\n9:name=systemd:/x\n0::/u\n") {
      CgroupPlaces.paths(&$0)
    }
    #expect(
      paths == ["memory": "/a:b c", "cpu": "/", "cpuacct": "/", "name=systemd": "/x", "": "/u"])
  }
}
