import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl requests` states what a server measured itself, and what can be computed from the
  /// dumped events.
  @Suite(.needs(.program("python3"))) struct RequestReportTests {
    @Test func aServersRequests() throws {
      let report = try RuntimeReport(
        "requests", providers: "Shop", Tools.miniShop, ["--requests", "200", "--threads", "3"])
      try report.expectRecomputed()
      #expect(try report.stated("open_count") == 0)
      #expect(try report.stated("stops_without_start") == 0)
      for group in try report.rows("groups") {
        let name = try #require(group["name"] as? String)
        let count = try #require(group["count"] as? Int)
        let total = try #require(group["total_ns"] as? Int)
        let line = try #require(
          report.output.split(separator: "\n").first { $0.hasPrefix(name + " ") })
        let words = line.dropFirst(name.count).split(separator: " ")
        #expect(count == Int(words[0]))
        // The server's times include the two events; they were not interrupted often.
        let own = try #require(Int(words[2]))
        #expect(total <= own && total > own - own / 4 - count * 20_000, "\(name): \(total), \(own)")
      }
      #expect(try report.rows("groups").count == 3)
      let slowest = try #require(try report.rows("slowest").first)
      #expect(slowest["name"] as? String == "POST /checkout")
    }

    /// The parts of each request's time, exactly; `POST /checkout` sleeps.
    @Test(.needs(.tracepoints)) func whatTheThreadDid() throws {
      let report = try RuntimeReport(
        "requests", providers: "Shop,ContextSwitch", Tools.miniShop,
        ["--requests", "300", "--threads", "3"])
      try report.expectRecomputed()
      let slowest = try report.rows("slowest")
      #expect(slowest.count == 10)
      for request in slowest {
        let parts = ["running_ns", "runnable_ns", "blocked_ns"].map { request[$0] as? Int }
        let sum = try parts.reduce(0) { $0 + (try #require($1, "\(request)")) }
        #expect(sum == request["duration_ns"] as? Int)
        guard request["name"] as? String == "POST /checkout" else { continue }
        #expect(try #require(parts[2]) > 1_000_000, "\(request)")
      }
    }

    @Test func cpuTimeOfTheSlowest() throws {
      let report = try RuntimeReport(
        "requests", providers: "Shop,CPU", Tools.miniShop, ["--requests", "100", "--threads", "1"])
      let slowest = try report.rows("slowest")
      for request in slowest where request["name"] as? String == "POST /checkout" {
        let cpu = try #require(request["cpu_ns"] as? Int)
        let duration = try #require(request["duration_ns"] as? Int)
        #expect(cpu < duration / 2, "it sleeps")
      }
    }
  }
}
