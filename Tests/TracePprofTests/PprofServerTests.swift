import Foundation
import TestSupport
import Testing

/// What the server answers, and what is left behind.
@Suite(.serialized) struct PprofServerTests {
  @Test func refusalsAreSentences() throws {
    let subject = try Subject()
    func check(_ path: String, _ status: Int, _ part: String, method: String = "GET") throws {
      let answer = try subject.get(path, method: method)
      #expect(answer.status == status && answer.text.contains(part), "\(path): \(answer.text)")
      #expect(answer.headers["x-go-pprof"] == "1" && answer.text.hasSuffix(".\n"))
      #expect(answer.headers["x-content-type-options"] == "nosniff")
    }
    for name in ["heap", "allocs", "block", "mutex", "threadcreate"] {
      try check(name, 501, "not ")
    }
    try check("heap", 501, "LD_PRELOAD=")
    try check("mutex", 501, "libtracelock.so")
    try check("nothing", 404, "no profile")
    for seconds in ["0", "-1", "301", "1e9", "nan", "inf", "x", "99999999999999999999"] {
      try check("profile?seconds=\(seconds)", 400, "'seconds'")
    }
    for rate in ["0", "1001", "x"] { try check("profile?rate=\(rate)", 400, "'rate'") }
    try check("threads?debug=3", 400, "'debug'")
    try check("threads?seconds=0", 400, "'seconds'")
    try check("threads?seconds=1&debug=1", 400, "'seconds'")
    try check("threads?a=%zz", 400, "hexadecimal")
    try check("threads?a=" + String(repeating: "a", count: 8200), 414, "longer")
    for method in ["POST", "PUT", "DELETE", "HEAD"] {
      #expect(try subject.get("profile", method: method).status == 405)
    }
    for host in ["evil.example:\(subject.port)", "127.0.0.1:1", "", "a\r\nHost: b"] {
      #expect(try subject.get("", head: "Host: \(host)\r\n").status == 403, "\(host)")
    }
    #expect(try subject.send("/other").status == 404)
  }

  @Test func onlyOneCPUProfileAtATime() throws {
    let subject = try Subject()
    let client = try RawClient(port: subject.port)
    client.send(request("profile?seconds=60", subject))
    try waitUntil("the second is refused") {
      try subject.get("profile?seconds=0.01").status == 409
    }
    // Threads are answered meanwhile, and a client that leaves ends its profile.
    #expect(try subject.get("threads?debug=1").status == 200)
    client.end()
    try waitUntil("the profile has ended", seconds: 20) {
      try subject.get("profile?seconds=0.01").status == 200
    }
  }

  private func request(_ path: String, _ subject: Subject) -> [UInt8] {
    Array(
      "GET /debug/pprof/\(path) HTTP/1.1\r\nHost: 127.0.0.1:\(subject.port)\r\n\r\n".utf8)
  }

  @Test func threadsAreAnsweredWhileAllTasksAreBlocked() throws {
    let subject = try Subject("blocked")
    usleep(1_200_000)
    let answer = try subject.get("threads?debug=2")
    let blocked = answer.text.components(separatedBy: "blockedInTask").count - 1
    #expect(blocked >= sysconf(Int32(_SC_NPROCESSORS_ONLN)), "\(answer.text)")
    #expect(answer.text.contains(/thread \d+ "[^"]*" \[sleeping\]:/), "\(answer.text)")
    #expect(answer.text.contains(/Trials\.swift:[1-9]/), "\(answer.text)")
    let grouped = try subject.get("goroutine?debug=1").text
    #expect(grouped.hasPrefix("goroutine profile: total "), "\(grouped)")
  }

  @Test func namesAndArgumentsAreServed() throws {
    let subject = try Subject()
    #expect(try subject.get("cmdline").text == "\(Subject.program)\u{0}0")
    let page = try subject.get("").text
    #expect(page.contains("profile?seconds=30") && page.contains("Not available"))
    #expect(try subject.get("symbol").text == "num_symbols: 1\n")
    let symbols = try TestSupport.ChildProcess.output(of: "nm", [Subject.program])
    let line = try #require(symbols.split(separator: "\n").first { $0.hasSuffix(" T main") })
    let maps = try String(contentsOfFile: "/proc/\(subject.child.pid)/maps", encoding: .utf8)
    let base = try #require(UInt64(maps.prefix { $0 != "-" }, radix: 16))
    let place = try #require(UInt64(line.prefix(16), radix: 16))
    let address = "0x" + String(base + place, radix: 16)
    // Swift's own name of the main function has the same address.
    let expected = try subject.get("symbol?\(address)+0x1").text
    #expect(
      ["main", "pprof_server_main"].map { "num_symbols: 1\n\(address) \($0)\n" }
        .contains(expected), "\(expected)")
    #expect(try subject.get("symbol", method: "POST", body: address).text == expected)
  }

  @Test func clientsThatLeaveLeaveNothing() throws {
    let subject = try Subject()
    func leave(_ count: Int) throws {
      for number in 0..<count {
        let client = try RawClient(port: subject.port)
        switch number % 4 {
        case 0: break
        case 1: client.send(request("threads", subject))
        case 2: client.send(Array("GET /debug/pprof/".utf8))
        default: client.send(request("profile?seconds=100", subject))
        }
        client.end()
      }
      try waitUntil("no job is left", seconds: 60) {
        try subject.get("profile?seconds=0.01").status == 200
      }
    }
    try leave(200)
    let (threads, descriptors, resident) = (
      subject.count("task"), subject.count("fd"), subject.resident
    )
    try leave(800)
    try waitUntil("threads and descriptors are those of before") {
      subject.count("task") <= threads && subject.count("fd") <= descriptors
    }
    #expect(subject.resident < resident + 40_000, "\(resident) \(subject.resident)")
  }

  @Test func stoppedServersLeaveNothing() throws {
    let output = try TestSupport.ChildProcess.output(of: Subject.program, ["0", "rounds"])
    let lines = output.split(separator: "\n")
    #expect(lines.count == 2 && lines[0] == lines[1], "\(output)")
  }
}
