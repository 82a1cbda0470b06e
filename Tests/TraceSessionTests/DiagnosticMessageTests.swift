import Glibc
import TestSupport
import Testing

@testable import TraceSession

/// Answers of .NET runtimes that are cut, changed or made up.
@Suite(.randomized) struct DiagnosticMessageTests {
  /// The answer of a runtime to the question what it is: five texts after 24 bytes.
  private static var answer: [UInt8] {
    var payload = [UInt8](repeating: 7, count: 24)
    for text in ["dotnet app.dll", "Linux", "x64", "app", "8.0.4"] {
      let units = Array(text.utf16) + [0]
      payload.append(word: UInt32(units.count))
      for unit in units { payload.append(word: unit) }
    }
    var message = DiagnosticMessage.magic
    message.append(word: UInt16(DiagnosticMessage.headerBytes + payload.count))
    return message + [0xff, 0, 0, 0] + payload
  }

  /// What the socket's other end says is an answer, or none, at once.
  private func ask(_ said: [UInt8]) throws -> DiagnosticMessage.Answer? {
    var ends = [Int32](repeating: -1, count: 2)
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { close(ends[1]) }
    let socket = DiagnosticSocket(ends[0])
    #expect(write(ends[1], said, said.count) == said.count)
    shutdown(ends[1], Int32(SHUT_WR))
    return socket.ask(.processInfo2, deadline_ns: .max)
  }

  @Test func wholeAnswerIsRead() throws {
    guard case .ok(let payload) = try ask(Self.answer) else {
      Issue.record("no answer")
      return
    }
    #expect(
      DiagnosticMessage.texts(payload, from: 24, count: 5) == [
        "dotnet app.dll", "Linux", "x64", "app", "8.0.4",
      ])
  }

  @Test func changedAnywhere() throws {
    var random = SeededGenerator(41)
    for _ in 0..<Rounds.count(1000) {
      var bytes = Self.answer
      for _ in 0...random.below(4) {
        let place = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[place] = 0xff
        case 1: bytes.removeLast(random.below(bytes.count - 1))
        case 2: bytes.insert(contentsOf: [0xff, 0xff, 0xff, 0x7f], at: place)
        default: bytes[place] ^= 1 << UInt8(random.below(8))
        }
      }
      guard case .ok(let payload) = try ask(bytes) else { continue }
      for start in [-1, 0, 24, 65_536] {
        let texts = DiagnosticMessage.texts(payload, from: start, count: 5)
        #expect(texts.count == 5)
        #expect(texts.reduce(0) { $0 + $1.utf16.count } <= payload.count)
      }
    }
  }

  @Test func namesOfSocketsAreChecked() {
    var random = SeededGenerator(43)
    #expect(DotNetFinder.pid("dotnet-diagnostic-77-123-socket") == 77)
    for _ in 0..<Rounds.count(1000) {
      var bytes = Array("dotnet-diagnostic-77-123-socket".utf8)
      bytes[random.below(bytes.count)] = UInt8(random.below(256))
      _ = DotNetFinder.pid(String(decoding: bytes, as: UTF8.self))
    }
    #expect(DotNetFinder.pid("dotnet-diagnostic--77-123-socket") == nil)
    #expect(DotNetFinder.pid("dotnet-diagnostic-4294967296-123-socket") == nil)
  }
}
