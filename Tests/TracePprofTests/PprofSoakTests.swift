import Foundation
import TestSupport
import Testing

/// Many requests, and requests while much happens. Scripts/soak has more of them.
@Suite(.serialized) struct PprofSoakTests {
  private static let libraries = ["LD_PRELOAD": Subject.heapLibrary + " " + Subject.lockLibrary]
  private static let paths = [
    "heap", "threads", "profile?seconds=0.01", "block", "mutex", "allocs?debug=1",
    "goroutine?debug=2",
  ]

  private func ask(_ subject: Subject, _ count: Int) throws {
    for number in 0..<count {
      let path = Self.paths[number % Self.paths.count]
      let answer = try subject.get(path)
      #expect(answer.status == 200, "\(path): \(answer.text)")
    }
  }

  /// Requests leave no memory, threads or descriptors behind.
  @Test func requestsLeaveNothing() throws {
    let subject = try Subject("locks", variables: Self.libraries)
    try ask(subject, 28)
    let before = subject.resident
    let (threads, descriptors) = (subject.count("task"), subject.count("fd"))
    try ask(subject, 10 * Rounds.count(10))
    #expect(before > 1000 && subject.resident < before + 16_000, "\(before) \(subject.resident)")
    try waitUntil("threads and descriptors are those of before") {
      subject.count("task") <= threads && subject.count("fd") <= descriptors
    }
  }

  /// 64 threads allocate, lock, fork and exit while profiles are taken.
  @Test func stormUnderProfiles() throws {
    let subject = try Subject("storm", variables: Self.libraries)
    let client = try RawClient(port: subject.port)
    client.send(
      Array(
        ("GET /debug/pprof/profile?seconds=4 HTTP/1.1\r\nHost: 127.0.0.1:\(subject.port)\r\n"
          + "Connection: close\r\n\r\n").utf8))
    for _ in 0..<Rounds.count(10) {
      for path in ["heap", "threads", "block"] {
        let answer = try subject.get(path)
        #expect(answer.status == 200, "\(path): \(answer.text)")
      }
    }
    let profile = try #require(RawAnswer(client.readAll()))
    #expect(profile.status == 200 && profile.body.count > 1000)
    client.end()
    #expect(try subject.get("").status == 200, "\(subject.child.errors)")
    #expect(subject.count("task") >= 64, "\(subject.child.errors)")
  }
}
