import Foundation
import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Real .NET runtimes under difficult circumstances.
  @Suite(.serialized, .needs(DotNetProgram.requirement)) struct DotNetMustTests {
    private func isGone(_ path: String) -> Bool {
      Scratch.names(in: path).allSatisfy { !$0.hasPrefix("dotnet-") || $0.hasSuffix("socket") }
    }

    /// A killed collection leaves no program waiting: neither one that starts later, nor the
    /// process that serves it.
    @Test func killedCollectionOfACommand() throws {
      let scratch = try Scratch()
      let run = try DotNetProgram.command("order").joined(separator: " ")
      let (go, out) = (scratch.path("go"), scratch.path("out"))
      let session = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "GC", "-o", scratch.path("t.etl"), "--", "sh", "-c",
          "echo waits; while ! [ -e \(go) ]; do sleep 0.1; done; \(run) >\(out) 2>&1",
        ], in: scratch)
      try waitUntil("the command runs") { session.output.contains("waits") }
      session.kill()
      DotNetProgram.touch(go)
      try waitUntil("the program ends: \((try? readText(out)) ?? "")", seconds: 30) {
        (try? readText(out))?.contains("end gen0") ?? false
      }
      try waitUntil("the socket is removed", seconds: 30) { isGone(scratch.path("run")) }
    }

    /// The samples of compiled code have names: each function with at least a hundredth of them.
    @Test(.needs(.kernelSamples)) func everyHotMethodIsNamed() throws {
      let scratch = try Scratch()
      let program = try DotNetProgram.command("compute+gc+throw+compute")
      let session = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU", "-o", scratch.path("t.etl"), "--"] + program, in: scratch)
      try session.succeed()
      let report = try ChildProcess(
        Tools.tracectl,
        [
          "stacks", scratch.path("t.etl"), "-process", "dotnet", "-by-name", "-top", "10000",
          "-format", "json",
        ], in: scratch)
      try report.succeed()
      let json = try #require(
        try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any])
      let total = try #require((json["total"] as? [String: Any])?["events"] as? Int)
      let rows = try #require(json["functions"] as? [[String: Any]])
      var named = 0
      for row in rows {
        let (own, all) = (
          row["exclusive_events"] as? Int ?? 0, row["inclusive_events"] as? Int ?? 0
        )
        guard all * 100 >= total else { continue }
        let name = row["name"] as? String ?? "?"
        if (row["module"] as? String) == "[jit]" { named += 1 }
        // Code of the runtime's own libraries has the names that these have.
        guard own * 100 >= total, !name.contains(".so") else { continue }
        #expect(row["kind"] as? String == "function", "\(name): \(own) of \(total)")
      }
      #expect(named >= 4, "\(rows.prefix(20))")
    }

    /// The runtime's socket is in a file system that only the process has.
    @Test(.needs(.root, .namespaces)) func runtimeInAnotherFileSystem() throws {
      let scratch = try Scratch()
      let own = scratch.path("own")
      try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
      let program = try DotNetProgram.start(
        "gc+throw", in: scratch,
        prefix: [
          "unshare", "--mount", "--propagation", "private", "sh", "-c",
          "mount -t tmpfs none '\(own)' && exec \"$@\"", "sh",
        ], variables: ["TMPDIR": own])
      #expect(Scratch.names(in: own) == [], "the socket is visible from outside")
      let session = try scratch.collect("GC,Exception", to: "t.etl", "-p", "\(program.pid)")
      DotNetProgram.touch(scratch.path("go"))
      try waitUntil("the program is done: \(program.output)") { program.output.contains("end") }
      try session.interrupt()
      DotNetProgram.touch(scratch.path("stop"))
      try program.succeed()
      try DotNetTests.Counts(scratch.path("t.etl")).expect(program.output)
    }
  }
}
