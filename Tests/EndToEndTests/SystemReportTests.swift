import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl system` states what can be computed from the dumped events, and what a program
  /// measures of itself.
  @Suite(.needs(.program("python3"))) struct SystemReportTests {
    /// Uses CPU time for a second and waits fifty times, beside a thread that waits; prints what
    /// the kernel says, and lives on until that was read.
    private static let busy = """
      import resource, threading, time
      threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
      until = time.monotonic() + 1
      while time.monotonic() < until:
          sum(range(1000))
      for _ in range(50): time.sleep(0.001)
      usage = resource.getrusage(resource.RUSAGE_SELF)
      schedule = open("/proc/self/schedstat").read().split()
      print("cpu", int((usage.ru_utime + usage.ru_stime) * 1e9))
      print("voluntary", usage.ru_nvcsw)
      print("faults", usage.ru_minflt)
      print("waited", schedule[1], flush=True)
      time.sleep(0.5)
      """

    @Test func statesWhatAProgramMeasuresOfItself() throws {
      let report = try RuntimeReport(
        "system", providers: "SystemCounters:100ms", "/usr/bin/env",
        ["python3", "-c", Self.busy])
      let tick = 10_000_000
      func difference(_ key: String, _ word: String) throws -> Int {
        try report.stated("total." + key) - report.printed(word)
      }
      // What the program does after its measurement: one print, one sleep, and its end.
      #expect(abs(try difference("cpu_ns", "cpu")) <= 2 * tick)
      #expect((-5...200).contains(try difference("minor_faults", "faults")))
      #expect((-5...10).contains(try difference("voluntary_switches", "voluntary")))
      // On a busy machine, it waits for a CPU several times while it ends.
      #expect((-2 * tick...8 * tick).contains(try difference("waited_ns", "waited")))
      #expect(try report.stated("total.threads_max") == 2)
      try report.expectRecomputed()
    }
  }
}
