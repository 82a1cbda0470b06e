import Foundation
import TestSupport
import Testing
import TraceFormat
import TraceView

/// Damaged traces: what is whole is shown, and what is not is said.
@Suite(.randomized) struct DamagedTraceTests {
  private let directory = TemporaryDirectory()

  /// A trace of several blocks, some of whose bytes are changed.
  private func damaged(_ change: (inout Foundation.Data) -> Void) throws -> ShownTrace {
    let path = directory.path + "/t.etl"
    var options = TraceWriter.Options()
    options.blockEvents = 1024
    try ShownTrace.write(path, events: 20_000, isHostile: false, options)
    var bytes = try Foundation.Data(contentsOf: URL(filePath: path))
    change(&bytes)
    try bytes.write(to: URL(filePath: path))
    return try ShownTrace(path: path)
  }

  private func json(_ answer: RawAnswer) throws -> [String: Any] {
    #expect(answer.status == 200, "\(answer.text)")
    let value = try JSONSerialization.jsonObject(with: Foundation.Data(answer.body))
    return try #require(value as? [String: Any])
  }

  @Test func wholeBlocksAreShownAndDamageIsSaid() throws {
    let shown = try damaged { bytes in
      let middle = bytes.count / 2
      for place in middle..<middle + 64 { bytes[place] ^= 0x55 }
    }
    let timeline = try json(shown.get("api/timeline?columns=200"))
    let lanes = try #require(timeline["lanes"] as? [[String: Any]])
    #expect(lanes.count >= 3)
    let report = try json(shown.get("api/report/exceptions"))
    let partial = try #require(report["partial"] as? [[String: Any]])
    #expect(partial.contains { $0["reason"] as? String == "damaged" }, "\(partial)")
    let events = try json(shown.get("api/events?row=1&count=1000"))
    let total = try #require(events["total"] as? Int)
    #expect(total < 20_000 && total > 15_000, "\(total)")
    #expect((events["events"] as? [Any])?.count == 1000)
    #expect(try shown.get("api/report/info").status == 200)
  }

  @Test func aTraceThatEndsEarlyIsShownAsFarAsItGoes() throws {
    let shown = try damaged { $0 = $0.prefix($0.count * 2 / 3) }
    let state = try json(shown.get("api/state"))
    let file = try #require((state["files"] as? [[String: Any]])?.first)
    #expect(file["is_complete"] as? Bool == false)
    let events = try #require(file["events"] as? Int)
    #expect(events > 5000 && events < 20_000, "\(events)")
    #expect(try json(shown.get("api/events?row=1&count=1"))["total"] as? Int == events)
    #expect(try shown.get("api/flame").status == 200)
  }

  @Test func randomDamageDoesNotEndTheServer() throws {
    var random = SeededGenerator()
    for _ in 0..<12 {
      let shown: ShownTrace
      do {
        shown = try damaged { bytes in
          for _ in 0...random.below(30) { bytes[64 + random.below(bytes.count - 64)] = 255 }
        }
      }
      for path in [
        "state", "timeline", "events?row=5000", "flame", "report/gc", "report/info", "types",
        "export?format=firefox", "source?function=x",
      ] {
        let status = try shown.get("api/" + path).status
        #expect([200, 404, 422].contains(status), "\(path): \(status)")
      }
    }
  }
}
