import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Threads and processes that exist for less than the time between two samples.
  @Suite(
    .needs(.program("gcc"), .kernelSamples, .root))
  struct ShortLivedTests {
    /// Runs 1,500 for a third of a millisecond each; prints their total CPU time.
    static let source = """
      #include <pthread.h>
      #include <stdio.h>
      #include <string.h>
      #include <sys/resource.h>
      #include <sys/wait.h>
      #include <time.h>
      #include <unistd.h>
      static double used(int clock) {
        struct timespec t;
        clock_gettime(clock, &t);
        return t.tv_sec + t.tv_nsec * 1e-9;
      }
      __attribute__((noinline)) static void shortly(int clock) {
        for (double end = used(clock) + .0003; used(clock) < end;) {}
      }
      static void *thread(void *unused) { shortly(CLOCK_THREAD_CPUTIME_ID); return 0; }
      static double seconds(int who) {
        struct rusage u;
        getrusage(who, &u);
        return u.ru_utime.tv_sec + u.ru_stime.tv_sec
          + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
      }
      int main(int count, char **words) {
        for (int i = 0; i < 1500; i++) {
          if (!strcmp(words[1], "threads")) {
            pthread_t t;
            pthread_create(&t, 0, thread, 0);
            pthread_join(t, 0);
          } else {
            pid_t child = fork();
            if (child == 0) { shortly(CLOCK_PROCESS_CPUTIME_ID); _exit(0); }
            waitpid(child, 0, 0);
          }
        }
        printf("CPU %f\\n", seconds(RUSAGE_SELF) + seconds(RUSAGE_CHILDREN));
        return 0;
      }
      """

    @Test(arguments: ["threads", "forks"]) func allOfThemAreSampled(_ kind: String) throws {
      let scratch = try Scratch()
      let (program, trace) = (scratch.path("brief"), scratch.path("brief.etl"))
      let text = fopen(program + ".c", "w")
      fputs(Self.source, text)
      fclose(text)
      try ChildProcess(
        UnwindTests.compiler!, ["-O1", "-o", program, program + ".c", "-pthread"], in: scratch
      ).succeed()
      // Work of other processes is sampled, but left out.
      let other = try ChildProcess("sh", ["-c", "while :; do :; done"], in: scratch)
      defer { other.send(SIGKILL) }
      let collection = try ChildProcess(
        Tools.tracectl, ["collect", "-providers", "CPU", "-o", trace, "--", program, kind],
        in: scratch)
      try collection.succeed()
      let file = try TraceFile(path: trace)
      var time_ns: UInt64 = 0
      var others = 0
      let replay = Replay(file)
      replay.on(SampledProfile.self) { sample, header in
        time_ns += sample.weight
        if header.pid == UInt32(other.pid) || header.pid == 0 { others += 1 }
      }
      var begun: [String] = []
      replay.on(ProcessStart.self) { event, _ in begun.append(event.name) }
      try replay.run()
      #expect(others == 0)
      // The first record of the command has its final name.
      #expect(begun.first == "brief")
      #expect(begun.count == (kind == "forks" ? 1501 : 1))
      let line = collection.output.split(separator: "\n").first { $0.hasPrefix("CPU ") }
      let used = try #require(line.flatMap { Double($0.dropFirst(4)) })
      let sampled = Double(time_ns) / 1e9
      #expect(sampled > used * 0.7 && sampled < used * 1.3, "\(sampled) of \(used) s")
    }
  }
}
