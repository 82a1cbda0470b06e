import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl threads` states what a program measured itself, what the kernel counted, and what
  /// can be computed from the dumped events.
  @Suite(.needs(.tracepoints, .program("gcc"), .program("python3"))) struct ThreadReportTests {
    /// What a thread printed.
    private struct Measured {
      var tid: Int
      var reason: String
      var count: Int
      var waited, life, running, runnable: Double
      /// Voluntary and involuntary switches.
      var waits, preemptions: Int

      init?(_ line: Substring) {
        let fields = line.split(separator: " ")
        guard fields.count == 9, let tid = Int(fields[0]), let count = Int(fields[2]) else {
          return nil
        }
        let times = fields[3...].compactMap { Double($0) }
        guard times.count == 6 else { return nil }
        (self.tid, reason, self.count) = (tid, String(fields[1]), count)
        (waited, life, running, runnable) = (times[0], times[1], times[2], times[3])
        (waits, preemptions) = (Int(times[4]), Int(times[5]))
      }
    }

    /// The time for which the host took CPUs away, so far; in the kernel's ticks of 10 ms.
    private static func stolen_ns() throws -> Double {
      let text = try String(contentsOfFile: "/proc/stat", encoding: .utf8)
      let fields = text.prefix { $0 != "\n" }.split(separator: " ")
      return fields.count > 8 ? (Double(fields[8]) ?? 0) * 1e7 : 0
    }

    /// The numbers of wake-ups in the trace, by thread.
    private static func wakeUps(_ report: RuntimeReport) throws -> [Int: Int] {
      let dump = try ChildProcess(
        Tools.tracectl,
        ["dump", report.scratch.path("t.etl"), "-event", "ReadyThread"], in: report.scratch)
      try dump.succeed()
      let threads = dump.output.matches(of: /threadID=(\d+)/).compactMap { Int($0.1) }
      return Dictionary(threads.map { ($0, 1) }, uniquingKeysWith: +)
    }

    @Test func waitsOfEveryKind() throws {
      let before = try Self.stolen_ns()
      let report = try RuntimeReport(
        "threads", providers: "ContextSwitch", try #require(WaitingProgram.path), [],
        options: ["-stacks", "ContextSwitch"])
      let measured = report.output.split(separator: "\n").compactMap(Measured.init)
      #expect(measured.count == 9)
      let threads = try report.rows("threads")
      let wakeUps = try Self.wakeUps(report)
      // A thread that is woken on a CPU which the host has taken away is runnable for longer than
      // the kernel's statistics say: there, it is not in the CPU's queue yet.
      let stolen = try Self.stolen_ns() - before
      let late = stolen > 0 ? stolen + 1e7 : 0
      for one in measured {
        let thread = try #require(threads.first { $0["tid"] as? Int == one.tid }, "\(one)")
        func time(_ key: String) throws -> Double {
          Double(try #require(thread[key + "_ns"] as? Int))
        }
        let (running, runnable) = (try time("running"), try time("runnable"))
        let (blocked, unknown) = (try time("blocked"), try time("unknown"))
        let life = try time("life")
        #expect(unknown == 0 && running + runnable + blocked == life, "\(one)")
        // The thread measures until it prints; what follows may take long on a busy machine.
        let rest = life - one.life
        #expect(rest > -2e6 && rest < 300e6, "\(one): life \(life)")
        let waits = try #require(thread["wait_count"] as? Int)
        // Some kernels (6.18 in a virtual machine) write no wake-ups while certain threads are
        // current. The thread then counts as blocked until it runs.
        let isMissing = wakeUps[one.tid, default: 0] < waits
        // The kernel's count of a delay ends up to this much before the switch is recorded.
        let switching = 30e3 * Double(waits + one.preemptions)
        // The kernel counts neither interrupts nor what the host took away as running.
        let omitted = max(0, one.life - one.running - one.runnable - one.waited)
        for (found, own, least, more) in [
          (running, one.running, one.running, omitted),
          (runnable, one.runnable, isMissing ? 0 : one.runnable, late + switching),
        ] {
          let most = own * 1.01 + 2e6 + rest + more
          #expect(found >= least * 0.99 - 2e6 && found <= most, "\(one): \(found), \(most)")
        }
        // After the kernel's count, the thread prints, sleeps once and ends.
        let more = waits - one.waits
        #expect(more >= 0 && more < 10, "\(one): \(more) more waits")
        #expect(try #require(thread["preemptions"] as? Int) >= one.preemptions, "\(one)")
        guard one.reason != "-" else { continue }
        let reasons = try #require(thread["reasons"] as? [[String: Any]])
        let reason = try #require(reasons.first { $0["reason"] as? String == one.reason }, "\(one)")
        let waited = Double(try #require(reason["total_ns"] as? Int))
        // The program's clock stops only when the thread runs again.
        #expect(waited <= one.waited * 1.01 + 1e6, "\(one): \(waited)")
        #expect(waited + runnable >= one.waited * 0.99 - 1e6, "\(one): \(waited) + \(runnable)")
        // Data may be there before the thread asks for it.
        let least = one.reason == "sleep" ? one.count : one.count / 2
        #expect(reason["count"] as? Int ?? 0 >= least, "\(one)")
      }
      try report.expectRecomputed()
    }

    /// Pipes, sockets and polls are woken by the thread that writes.
    @Test func wakersAreNamed() throws {
      let report = try RuntimeReport(
        "threads", providers: "ContextSwitch", try #require(WaitingProgram.path), [],
        options: ["-stacks", "ContextSwitch"])
      for reason in ["pipe", "network", "poll"] {
        let wait = try #require(
          try report.rows("waits").first { $0["reason"] as? String == reason }, "\(reason)")
        let wakers = try #require(wait["wakers"] as? [[String: Any]])
        let waker = try #require(wakers.first, "\(wait)")
        #expect(waker["thread"] as? String == "writer" && waker["context"] as? String == "thread")
        let frames = try #require(waker["frames"] as? [String])
        #expect(frames.contains { $0.hasPrefix("libc.so.6!") }, "\(frames)")
      }
    }
  }
}
