import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl contention` states what a program with a known schedule measured itself, and the
  /// waits of `tracectl threads`.
  @Suite(.needs(.tracepoints, .program("gcc"), .program("python3")))
  struct ContentionReportTests {
    @Test func mutexesAndConditions() throws {
      let report = try RuntimeReport(
        "contention", providers: "ContextSwitch", try #require(MutexProgram.path), [],
        options: ["-stacks", "ContextSwitch"])
      let line = try #require(report.output.split(separator: "\n").first { $0.hasPrefix("taker") })
      let measured = line.split(separator: " ").compactMap { Double($0) }
      #expect(measured.count == 2, "\(line)")
      // The taker's waits for the mutex, at one place.
      let locks = try rows(report, "contended", "locks").filter { $0["kind"] as? String == "lock" }
      let lock = try #require(locks.first, "\(report.process)")
      #expect(Double(lock["count"] as? Int ?? 0) == measured[0] && lock["threads"] as? Int == 1)
      let total = Double(lock["total_ns"] as? Int ?? 0)
      // The program's clock stops only when the thread runs again.
      #expect(total <= measured[1] * 1.01, "\(total) of \(measured[1])")
      let threads = try threads(of: report)
      let all = try #require(threads["threads"] as? [[String: Any]])
      let taker = try #require(all.first { $0["thread"] as? String == "taker" })
      let runnable = Double(taker["runnable_ns"] as? Int ?? 0)
      #expect(total + runnable >= measured[1] * 0.99 - 1e6, "\(total) of \(measured[1])")
      let owners = try #require(lock["owners"] as? [[String: Any]])
      #expect(owners.first?["thread"] as? String == "holder" && owners.count == 1, "\(owners)")
      #expect(Double(owners.first?["count"] as? Int ?? 0) == measured[0])
      // The holder waits for the condition while the taker pauses, 2 ms each time.
      let others = try rows(report, "notified", "locks")
      let others_ns = others.reduce(0) { $0 + ($1["total_ns"] as? Int ?? 0) }
      #expect(others_ns >= 60_000_000, "\(others)")
      try report.expectRecomputed()
      try expectSameWaits(report, threads)
    }

    private func rows(
      _ report: RuntimeReport, _ section: String, _ key: String
    ) throws -> [[String: Any]] {
      let part = try #require(report.process[section] as? [String: Any])
      return try #require(part[key] as? [[String: Any]])
    }

    /// The process according to `tracectl threads`.
    private func threads(of report: RuntimeReport) throws -> [String: Any] {
      let child = try ChildProcess(
        Tools.tracectl, ["threads", report.scratch.path("t.etl"), "-format", "json"],
        in: report.scratch)
      try child.succeed()
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(child.output.utf8)) as? [String: Any])
      return try #require((object["processes"] as? [[String: Any]])?.first)
    }

    /// All waits at futexes that ended are those of the other report.
    private func expectSameWaits(_ report: RuntimeReport, _ threads: [String: Any]) throws {
      let reasons = try #require(threads["reasons"] as? [[String: Any]])
      let futex = try #require(reasons.first { $0["reason"] as? String == "futex" })
      var (count, total) = (0, 0)
      for section in ["contended", "notified"] {
        for lock in try rows(report, section, "locks") {
          count += lock["count"] as? Int ?? 0
          total += lock["total_ns"] as? Int ?? 0
        }
      }
      #expect(count == futex["count"] as? Int && total == futex["total_ns"] as? Int)
    }
  }
}
