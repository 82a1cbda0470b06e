import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl system` states how often a cgroup's limit stopped a program, as the kernel counts
  /// it, for a program that moves to the cgroup after its start.
  @Suite(.needs(.program("python3"))) struct CgroupReportTests {
    @Test(.needs(.root, CPUCgroup.first.requirement)) func versionOne() throws {
      try expectThrottling(by: .first)
    }

    @Test(.needs(.root, CPUCgroup.second.requirement)) func versionTwo() throws {
      try expectThrottling(by: .second)
    }

    /// Uses all CPU time that a fifth of a CPU allows. Rests before, until the move is noticed,
    /// which takes up to eight readings, and after, so that the last reading has the same counts.
    private static let busy = """
      import os, sys, time
      time.sleep(0.3)
      open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
      time.sleep(1.2)
      until = time.monotonic() + 1.5
      while time.monotonic() < until:
          sum(range(1000))
      time.sleep(0.5)
      for line in open(sys.argv[1] + "/cpu.stat"): print("stat", line.strip())
      sys.stdout.flush()
      time.sleep(0.3)
      """

    private func expectThrottling(by version: CPUCgroup) throws {
      let directory = try version.make()
      defer {
        // The kernel removes the process from its cgroup some time after its end.
        for _ in 0..<50 where rmdir(directory) != 0 { usleep(100_000) }
      }
      let report = try RuntimeReport(
        "system", providers: "SystemCounters:100ms", "/usr/bin/env",
        ["python3", "-c", Self.busy, directory])
      let json = try Data(contentsOf: URL(fileURLWithPath: report.scratch.path("report.json")))
      let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
      let cgroups = try #require(object["cpu_cgroups"] as? [[String: Any]])
      let name = "/" + URL(fileURLWithPath: directory).lastPathComponent
      let cgroup = try #require(
        cgroups.first { ($0["path"] as? String)?.hasSuffix(name) == true }, "\(cgroups)")
      let throttled = try #require(cgroup["throttled_periods"] as? Int)
      let time_ns = try #require(cgroup["throttled_ns"] as? Int)
      // It is ready to run for 1.5 s, of which it may use a fifth, in periods of 0.1 s.
      #expect((8...16).contains(throttled) && time_ns > 500_000_000, "\(cgroup)")
      #expect(throttled == (try report.printed("nr_throttled")))
      switch version {
      case .first: #expect(time_ns == (try report.printed("throttled_time")))
      case .second: #expect(time_ns == (try report.printed("throttled_usec")) * 1000)
      }
      // Periods of the rest count for the program alone, or for the last reading alone.
      let periods = try #require(cgroup["periods"] as? Int)
      #expect(abs(periods - (try report.printed("nr_periods"))) <= 8)
      #expect(cgroup["quota_us_per_s"] as? Int == 200_000, "\(cgroup)")
      let findings = try #require(object["findings"] as? [[String: Any]])
      #expect(findings.contains { $0["kind"] as? String == "throttled" })
      try report.expectRecomputed()
    }
  }
}

/// A version of the kernel's interface to cgroups, as far as it limits CPU time here.
private enum CPUCgroup {
  case first, second

  var requirement: Requirement {
    switch self {
    case .first: Requirement("a cgroup v1 CPU controller") { CPUCgroup.first.root != nil }
    case .second: Requirement("a cgroup v2 CPU controller") { CPUCgroup.second.root != nil }
    }
  }

  /// The mounted hierarchy, if cgroups below it can have limits.
  private var root: String? {
    switch self {
    case .first:
      ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"].first {
        access($0 + "/cpu.cfs_quota_us", W_OK) == 0
      }
    case .second:
      ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].first { directory in
        let enabled = try? String(
          contentsOfFile: directory + "/cgroup.subtree_control", encoding: .utf8)
        return enabled?.split(whereSeparator: \.isWhitespace).contains("cpu") ?? false
      }
    }
  }

  /// Creates a cgroup that may use a fifth of a CPU.
  func make() throws -> String {
    let directory = try #require(root) + "/trace-test-\(getpid())"
    try #require(mkdir(directory, 0o755) == 0, "\(directory): \(errno)")
    let (file, limit) =
      switch self {
      case .first: ("/cpu.cfs_quota_us", "20000")
      case .second: ("/cpu.max", "20000 100000")
      }
    let handle = try #require(FileHandle(forWritingAtPath: directory + file))
    try handle.write(contentsOf: Data(limit.utf8))
    try handle.close()
    return directory
  }
}
