import Glibc
import TestSupport
import Testing
import TraceFormat

extension EndToEnd {
  /// A program started by a session is traced from its first event, on a busy machine and with
  /// restricted resources, too. Uses the programs' default waiting times.
  @Suite struct StartupTests {
    let scratch: Scratch

    init() throws {
      scratch = try Scratch()
      scratch.registerTimeout = nil
    }

    /// Collects a command; the storm itself does not wait for the session, and its first event has
    /// number 1.
    private func collect(_ command: [String], to file: String) throws -> StormTrace {
      let path = scratch.path(file)
      let child = try ChildProcess(
        Tools.tracectl, ["collect", "-providers", "Storm", "-o", path, "--"] + command, in: scratch)
      try child.succeed()
      return try StormTrace(path: path)
    }

    @Test func nothingIsMissedOnABusyMachine() throws {
      let load = try (0..<8).map { _ in
        try ChildProcess("sh", ["-c", "while :; do :; done"], in: scratch)
      }
      defer { withExtendedLifetime(load) {} }
      for run in 0..<4 {
        let trace = try collect([Tools.storm, "--events", "200"], to: "\(run).etl")
        #expect(trace.eventCount == 200)
      }
    }

    /// The session is found by ancestry if the environment does not name it.
    @Test func programsWithoutEnvironmentAreWaitedForToo() throws {
      // tracectl is stopped while the program starts.
      let path = scratch.path("env.etl")
      let script = """
        kill -STOP $PPID
        (sleep 1; kill -CONT $PPID) &
        exec env -u TRACE_SESSION \(Tools.storm) --events 100
        """
      let child = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "Storm", "-o", path, "--", "sh", "-c", script], in: scratch)
      try child.succeed()
      #expect(try StormTrace(path: path).eventCount == 100)
    }

    /// The name of a missing session, or an invalid name, causes no delay and has no effect.
    @Test(arguments: ["session-1-0.sock", "../../etc/passwd", "session-99999999999-0.sock"])
    func aStaleVariableMeansNothing(name: String) throws {
      let start = monotonicSeconds()
      let child = try ChildProcess(
        "env", ["TRACE_SESSION=" + name, Tools.storm, "--events", "100"], in: scratch)
      try child.succeed()
      #expect(monotonicSeconds() - start < 20)
    }

    /// If a session does not answer, the program stops waiting after its limit, and counts the
    /// events.
    @Test func whatComesTooEarlyIsCounted() throws {
      let session = try scratch.collect(to: "early.etl")
      session.send(SIGSTOP)
      let storm = try scratch.storm("--events", "2000", "--rate", "1000")
      try waitUntil("the storm has given up waiting") {
        Scratch.names(in: "/proc/\(storm.pid)/task").count > 1
      }
      usleep(300_000)
      session.send(SIGCONT)
      try storm.succeed()
      try session.interrupt()
      let trace = try StormTrace(path: scratch.path("early.etl"))
      let early = trace.lost[.tooEarly, default: 0]
      #expect(early > 0)
      #expect(trace.eventCount + early == 2000)
      #expect(session.output.contains("before they were enabled"))
      #expect(!session.output.contains("0 lost"))
    }

    @Test func manyProgramsAtOnceAreAllTraced() throws {
      let script = "for i in $(seq 30); do \(Tools.storm) --events 20 & done; wait"
      let trace = try collect(["sh", "-c", script], to: "many.etl")
      #expect(trace.workers.count == 30)
      #expect(trace.eventCount == 30 * 20)
    }

    /// Runs in a user namespace without inotify instances.
    @Test(.needs(.namespaces)) func withoutInotifySessionsAreFoundByPolling() throws {
      let deny = "echo 0 > /proc/sys/user/max_inotify_instances && exec "
      let arguments = "--events 100 --wait-for-enable 20"
      let late = try ChildProcess(
        "unshare", ["-r", "sh", "-c", deny + Tools.storm + " " + arguments], in: scratch)
      let session = try scratch.collect(to: "inotify.etl")
      let early = try ChildProcess(
        "unshare", ["-r", "sh", "-c", deny + Tools.storm + " " + arguments], in: scratch)
      try late.succeed()
      try early.succeed()
      try session.interrupt()
      let trace = try StormTrace(path: scratch.path("inotify.etl"))
      #expect(trace.workers.count == 2)
      #expect(trace.eventCount == 200)
    }
  }

  /// A daemon closes all unknown descriptors, and opens its own files.
  @Suite(.needs(.program("gcc"))) struct ClosedDescriptorsTests {
    static let library = """
      #define _GNU_SOURCE
      #include <fcntl.h>
      #include <pthread.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <sys/syscall.h>
      #include <unistd.h>
      static void *closes(void *unused) {
        while (access(getenv("CLOSE_AT"), F_OK) != 0) usleep(1000);
        syscall(SYS_close_range, 3u, ~0u, 0);
        char path[4096];
        for (int index = 0; index < 20; index++) {
          snprintf(path, sizeof path, "%s-%02d", getenv("CLOSE_AT"), index);
          int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
          if (write(file, "0123456789", 10) != 10) abort();
        }
        snprintf(path, sizeof path, "%s-done", getenv("CLOSE_AT"));
        close(open(path, O_WRONLY | O_CREAT, 0600));
        return 0;
      }
      __attribute__((constructor)) static void begin(void) {
        pthread_t thread;
        unsetenv("LD_PRELOAD");
        if (pthread_create(&thread, 0, closes, 0) == 0) pthread_detach(thread);
      }
      """

    /// Later sessions find the program, and its files are not affected.
    @Test func theProgramIsTracedAfterwards() throws {
      let scratch = try Scratch()
      let source = scratch.path("closes.c")
      let text = Array(Self.library.utf8)
      let file = open(source, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      #expect(Glibc.write(file, text, text.count) == text.count)
      close(file)
      try ChildProcess(
        "gcc", ["-shared", "-fPIC", "-o", scratch.path("closes.so"), source], in: scratch
      ).succeed()
      let mark = scratch.path("close")
      let storm = try ChildProcess(
        "env",
        [
          "LD_PRELOAD=" + scratch.path("closes.so"), "CLOSE_AT=" + mark, Tools.storm, "--events",
          "100000000", "--rate", "2000",
        ], in: scratch)
      // A session that is running at that time, and a later one.
      let first = try scratch.collect(to: "first.etl")
      try scratch.waitForEvents(in: "first.etl")
      close(creat(mark, 0o600))
      try waitUntil("it has closed all") { access(mark + "-done", F_OK) == 0 }
      try first.interrupt()
      let second = try scratch.collect(to: "second.etl")
      try scratch.waitForEvents(in: "second.etl")
      try second.interrupt()
      #expect(!storm.hasEnded)
      for index in 0..<20 {
        let path = mark + (index < 10 ? "-0" : "-") + "\(index)"
        #expect(try readText(path) == "0123456789")
      }
      for file in ["first.etl", "second.etl"] {
        #expect(try StormTrace(path: scratch.path(file)).eventCount > 0)
      }
    }
  }
}
