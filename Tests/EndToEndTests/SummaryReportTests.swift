import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl summary` states what can be computed from the dumped events, and what the reports
  /// that it sums up state.
  @Suite(.needs(.program("python3"))) struct SummaryReportTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func collect(_ providers: String, _ program: String, _ arguments: [String]) throws {
      try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", providers, "-o", scratch.path("t.etl"), "--", program]
          + arguments, in: scratch
      ).succeed()
      try ChildProcess(
        Tools.tracectl, ["summary", scratch.path("t.etl"), "-o", scratch.path("report.json")],
        in: scratch
      ).succeed()
    }

    private func object(_ name: String) throws -> [String: Any] {
      let json = try Data(contentsOf: URL(fileURLWithPath: scratch.path(name)))
      return try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    }

    private func topics() throws -> [[String: Any]] {
      try #require(object("report.json")["topics"] as? [[String: Any]])
    }

    @Test func collectionsAndAllocations() throws {
      try collect("GC::Verbose,JIT", Tools.tinyRuntime, ["--rounds", "400"])
      try expectAsRecomputed("summary", in: scratch)
      let commands = Set(try topics().map { $0["command"] as? String })
      #expect(commands.isSuperset(of: ["gc", "allocations", "jit"]), "\(commands)")
    }

    @Test func exceptions() throws {
      let directory =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        + "/Samples/MiniVM/programs/"
      try collect("JIT,Exception", Tools.miniVM, [directory + "exceptions.mini"])
      try expectAsRecomputed("summary", in: scratch)
      let commands = Set(try topics().map { $0["command"] as? String })
      #expect(commands.isSuperset(of: ["exceptions", "jit"]), "\(commands)")
    }

    @Test func aServer() throws {
      try collect("Shop,ContextSwitch", Tools.miniShop, ["--requests", "300", "--threads", "3"])
      try expectAsRecomputed("summary", in: scratch)
      try ChildProcess(
        Tools.tracectl, ["threads", scratch.path("t.etl"), "-o", scratch.path("threads.json")],
        in: scratch
      ).succeed()
      let rows = try #require(object("threads.json")["processes"] as? [[String: Any]])
      let lines = try topics().filter { $0["topic"] as? String == "threads" }
      #expect(!lines.isEmpty)
      for line in lines {
        let row = try #require(rows.first { $0["pid"] as? Int == line["pid"] as? Int })
        #expect(line["count"] as? Int == row["thread_count"] as? Int)
        #expect(line["amount_ns"] as? Int == row["runnable_ns"] as? Int)
        let reasons = try #require(row["reasons"] as? [[String: Any]])
        let most = reasons.first?["reason"] as? String
        #expect(line["most"] as? String == (most == "unknown" ? nil : most))
      }
    }
  }
}
