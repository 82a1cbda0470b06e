import Foundation
import OSStrings
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Paths, arguments and names that are not UTF-8 keep their bytes, from the system to the file
  /// and its readers.
  @Suite(.needs(.program("gcc"), .kernelSamples)) struct ByteNamesTests {
    /// A thread with a name that is not UTF-8 spins in `hot_\xff_in_bytes`.
    private static let source = #"""
      #define _GNU_SOURCE
      #include <pthread.h>
      #include <time.h>
      volatile unsigned long sink;
      __attribute__((noinline)) double hot_in_bytes(void) __asm__("hot_\377_in_bytes");
      double hot_in_bytes(void) {
        struct timespec now;
        for (int i = 0; i < 1000000; i++) sink += i;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec + now.tv_nsec / 1e9;
      }
      static void *work(void *unused) {
        pthread_setname_np(pthread_self(), "t\xff\xfe" "x");
        double end = hot_in_bytes() + 0.3;
        while (hot_in_bytes() < end) {}
        return unused;
      }
      int main(void) {
        pthread_t thread;
        pthread_create(&thread, 0, work, 0);
        return pthread_join(thread, 0);
      }
      """#

    private static let argument: [UInt8] = [0x61, 0xff, 0xfe, 0x62]

    /// Collects the program in a directory, with a name, with an argument and into a file that are
    /// all not UTF-8; returns the trace's path and the program's.
    private func collect(in scratch: Scratch) throws -> (trace: String, program: String) {
      try Data(Self.source.utf8).write(to: URL(fileURLWithPath: scratch.path("p.c")))
      let line = #"""
        d=$'d\xff'; mkdir "$d" && gcc -O1 -o "$d/"$'pr\xfeg' p.c -lpthread &&
        "$1" collect -providers CPU -process $'pr\xfeg' -o "$d/"$'t\xfd.etl' -- \
          "$d/"$'pr\xfeg' $'a\xff\xfeb'
        """#
      try ChildProcess(
        "/usr/bin/env",
        ["-C", scratch.path("."), "/bin/bash", "-c", line, "bash", Tools.tracectl], in: scratch
      ).succeed()
      let directory = scratch.path("d") + "\u{10ffff}"
      return (directory + "/t\u{10fffd}.etl", directory + "/pr\u{10fffe}g")
    }

    @Test func bytesAreKept() throws {
      let scratch = try Scratch()
      let (trace, program) = try collect(in: scratch)
      let file = try TraceFile(path: trace)
      let process = try #require(file.processes.first { $0.executable == program })
      #expect(process.arguments.last?.osBytes == Self.argument)
      #expect(process.executable.osBytes.suffix(5) == [0x2f, 0x70, 0x72, 0xfe, 0x67])
      #expect(file.session.name.osBytes.suffix(4) == Self.argument)

      var names: [String] = []
      var paths: Set<String> = []
      let replay = Replay(file)
      replay.on(ProcessExec.self) { event, _ in names.append(event.name) }
      replay.on(ThreadName.self) { event, _ in names.append(event.name) }
      replay.on(ImageMap.self) { event, _ in paths.insert(event.path) }
      // The file has the bytes themselves.
      var raw: [[UInt8]] = []
      var filter = ReplayFilter()
      filter.admits = { $0.name == ThreadName.schema.name }
      replay.onAny(where: filter) { event in raw.append(Array(event.bytes(0))) }
      try replay.run()
      #expect(names == ["pr\u{10fffe}g", "t\u{10ffff}\u{10fffe}x"])
      #expect(paths.contains(program))
      #expect(raw == [[0x74, 0xff, 0xfe, 0x78]])
    }

    @Test func bytesAreShown() throws {
      let scratch = try Scratch()
      let (trace, _) = try collect(in: scratch)
      func show(_ arguments: String...) throws -> String {
        let bytes = trace.osBytes.map {
          $0 > 0x7f ? "\\x" + String($0, radix: 16) : String(UnicodeScalar($0))
        }
        let child = try ChildProcess(
          "/bin/bash",
          ["-c", #""$0" "$@" $'"# + bytes.joined() + "'", Tools.tracectl] + arguments, in: scratch)
        try child.succeed()
        return child.output
      }
      // The program's file was opened by its bytes, so its symbols are available.
      let stacks = try show("stacks", "-threads")
      #expect(stacks.contains(#"pr\xfeg!hot_\xff_in_bytes"#))
      #expect(stacks.contains(#"Thread t\xff\xfex"#))
      #expect(stacks.contains(#"d\xff/t\xfd.etl: stacks"#))

      let text = try show("dump", "-event", "ThreadName")
      #expect(text.contains(#"name="t\xff\xfex""#))
      let csv = try show("dump", "-event", "ThreadName", "-format", "csv")
      #expect(csv.contains(#""t\xff\xfex""#))
      let line = try show("dump", "-event", "ThreadName", "-format", "json")
      #expect(line.contains("\"name\":\"t\u{10ffff}\u{10fffe}x\""))
      let info = try show("info", "-format", "json")
      let report = try #require(
        JSONSerialization.jsonObject(with: Data(info.utf8)) as? [String: Any])
      let processes = try #require(report["processes"] as? [[String: Any]])
      let arguments = processes.compactMap { $0["arguments"] as? [String] }
      #expect(arguments.contains { $0.last?.osBytes == Self.argument })
    }
  }
}
