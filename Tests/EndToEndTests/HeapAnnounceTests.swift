import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// When a program with libtraceheap.so is announced to sessions.
  @Suite(.needs(.program("gcc"))) struct HeapAnnounceTests {
    /// Prints its number of threads at the beginning, after many samples, and after it created one.
    /// With an argument, it grows for as many seconds.
    private static let source = """
      #include <pthread.h>
      #include <dirent.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <time.h>
      #include <unistd.h>
      static void *volatile last;
      __attribute__((noinline)) static void grow(void) { last = malloc(4000); last = NULL; }
      static int threads(void) {
        DIR *tasks = opendir("/proc/self/task");
        int count = -2;
        while (readdir(tasks)) count += 1;
        closedir(tasks);
        return count;
      }
      static void *wait(void *argument) { pause(); return argument; }
      int main(int count, char **arguments) {
        pthread_t thread;
        printf("begun %d\\n", threads());
        fflush(stdout);
        time_t end = time(NULL) + (count > 1 ? atoi(arguments[1]) : 0);
        while (time(NULL) < end) { grow(); usleep(200); }
        for (int i = 0; i < 10000; i++) grow();
        printf("sampled %d\\n", threads());
        pthread_create(&thread, NULL, wait, NULL);
        printf("created %d\\n", threads());
      }
      """

    private func environment(_ scratch: Scratch, _ variables: [String: String]) -> [String: String]
    {
      scratch.environment.merging(variables) { $1 }
    }

    /// The library's thread would make the C library's allocator slower.
    @Test func programsWithOneThreadKeepIt() throws {
      let path = try #require(CompiledProgram.path(of: Self.source, name: "heap-one-thread"))
      let scratch = try Scratch()
      let child = try ChildProcess(
        path, environment: environment(scratch, ["LD_PRELOAD": HeapProgram.library]))
      try child.succeed()
      let numbers = HeapProgram.numbers(in: child.output)
      #expect(numbers == ["begun": 1, "sampled": 1, "created": 3], "\(child.output)")
    }

    @Test func sessionsThatBeginLaterHaveIt() throws {
      let path = try #require(CompiledProgram.path(of: Self.source, name: "heap-late"))
      let scratch = try Scratch()
      let variables = ["LD_PRELOAD": HeapProgram.library, "TRACE_HEAP_INTERVAL": "65536"]
      let child = try ChildProcess(path, ["60"], environment: environment(scratch, variables))
      defer { child.kill() }
      try waitUntil("it runs") { child.output.contains("begun 1") }
      let process = try #require(
        try HeapProgram(scratch: scratch) {
          try waitUntil("the library's thread runs") {
            Scratch.names(in: "/proc/\(child.pid)/task").count == 2
          }
          usleep(500_000)
        }.processes().first)
      #expect(HeapProgram.inUse(of: "grow", in: process) > 0, "\(process)")
    }

    /// A program that links the library needs no variables.
    @Test func linkedPrograms() throws {
      let scratch = try Scratch()
      let source = scratch.path("leaks.c"), path = scratch.path("leaks")
      try HeapSources.leaks.write(toFile: source, atomically: true, encoding: .utf8)
      try ChildProcess(
        "gcc",
        [
          "-O1", "-g", "-fno-omit-frame-pointer", "-o", path, source, "-L" + Tools.directory,
          "-Wl,--no-as-needed", "-ltraceheap", "-Wl,-rpath," + Tools.directory,
        ]
      ).succeed()
      let process = try #require(
        try HeapProgram(scratch: scratch) {
          try ChildProcess(
            path, environment: environment(scratch, ["TRACE_HEAP_INTERVAL": "1"])
          ).succeed()
        }.processes().first)
      #expect(HeapProgram.inUse(of: "leak_small", in: process) == 100_000, "\(process)")
      #expect(HeapProgram.inUse(of: "leak_big", in: process) == 900_000)
    }
  }
}
