import TestSupport
import Testing

extension EndToEnd {
  @Suite struct SessionsTests {
    /// Of several concurrent sessions, each gets exactly its selected events.
    @Test(arguments: [2, 8])
    func eachGetsItsOwn(count: Int) throws {
      let asked = ["Counter", "Text+Stack", "Text", "Stack", "*", "Counter+Text", "0x5", "Signal"]
      let expected: [Set<String>] = [
        ["Counter"], ["Text", "Stack"], ["Text"], ["Stack"], ["Counter", "Text", "Stack"],
        ["Counter", "Text"], ["Counter", "Stack"], [],
      ]
      let scratch = try Scratch()
      let sessions = try (0..<count).map { index in
        try scratch.collect(
          "Storm:\(asked[index]):Verbose", to: "\(index).etl", "-buffer-size", "16MB")
      }
      let storm = try scratch.storm(
        "--events", "20000", "--threads", "2", "--payload", "mixed", "--wait-for-enable", "20")
      try storm.succeed()
      for session in sessions { try session.interrupt() }

      var totals: [String: UInt64] = [:]
      for index in 0..<count {
        let trace = try StormTrace(path: scratch.path("\(index).etl"))
        #expect(trace.lost.isEmpty)
        #expect(Set(trace.countByName.keys) == expected[index], "session \(index)")
        trace.expectOrder()
        for (name, events) in trace.countByName {
          #expect(totals[name, default: events] == events, "session \(index), \(name)")
          totals[name] = events
        }
      }
      #expect(totals.values.reduce(0, +) == 40_000)
    }

    /// A command's trace contains only the command and its descendants.
    @Test func aCommandsTraceIsItsOwn() throws {
      let scratch = try Scratch()
      let other = try scratch.storm("--events", "100000000", "--rate", "20000")
      try scratch.collectStorm(
        to: "own.etl", storm: ["--events", "1000", "--processes", "2"])
      #expect(!other.hasEnded)
      let trace = try StormTrace(path: scratch.path("own.etl"))
      #expect(trace.eventCount == 2000)
      #expect(!trace.workers.keys.contains { $0.pid == UInt32(other.pid) })
    }
  }
}
