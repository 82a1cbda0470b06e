import Foundation
import OSStrings
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Names of functions in images, perf maps and jitdump files, and names of source files, keep
  /// their bytes even if they are not UTF-8.
  @Suite(.needs(.program("gcc"), .kernelSamples, .x86)) struct FunctionBytesTests {
    /// Spins in a function of its own image, in one named by a perf map, or in one named by a
    /// jitdump file with a source line.
    private static let source = #"""
      #define _GNU_SOURCE
      #include <fcntl.h>
      #include <stdint.h>
      #include <stdio.h>
      #include <string.h>
      #include <sys/mman.h>
      #include <time.h>
      #include <unistd.h>
      volatile unsigned long sink;
      static uint64_t now(void) {
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        return time.tv_sec * 1000000000ull + time.tv_nsec;
      }
      __attribute__((noinline)) void hot(void) __asm__("hot_\377");
      void hot(void) { for (int i = 0; i < 1000000; i++) sink += i; }
      // mov ecx, 0x100000; dec ecx; jnz; ret
      static const unsigned char loop[] = {0xb9, 0, 0, 0x10, 0, 0xff, 0xc9, 0x75, 0xfc, 0xc3};

      static void map(void *code) {
        char path[64];
        snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
        FILE *file = fopen(path, "w");
        fprintf(file, "%lx 100 map \377\303(\n", (unsigned long)code);
        fclose(file);
      }

      static void dump(void *code) {
        char path[64];
        snprintf(path, sizeof path, "jit-%d.dump", getpid());
        FILE *file = fopen(path, "w+");
        uint32_t head[] = {0x4a695444, 1, 40, 62, 0, getpid(), 0, 0, 0, 0};
        fwrite(head, sizeof head, 1, file);
        char *page = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(file), 0);
        const char text[] = "/w\376/s.js", name[] = "dump_\351t\351";
        struct { uint32_t kind, size; uint64_t time, address, count; } lines = {
          2, sizeof lines + 16 + sizeof text, now(), (uint64_t)code, 1};
        struct { uint64_t address; uint32_t line, discriminator; } row = {(uint64_t)code, 7, 0};
        fwrite(&lines, sizeof lines, 1, file);
        fwrite(&row, sizeof row, 1, file);
        fwrite(text, sizeof text, 1, file);
        struct {
          uint32_t kind, size; uint64_t time; uint32_t pid, tid;
          uint64_t vma, address, bytes, index;
        } load = {0, sizeof load + sizeof name + sizeof loop, now(), getpid(), getpid(),
          (uint64_t)code, (uint64_t)code, sizeof loop, 1};
        fwrite(&load, sizeof load, 1, file);
        fwrite(name, sizeof name, 1, file);
        fwrite(loop, sizeof loop, 1, file);
        fflush(file);
      }

      int main(int count, char **arguments) {
        void *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(code, loop, sizeof loop);
        void (*run)(void) = *arguments[1] == 'i' ? hot : (void (*)(void))code;
        if (*arguments[1] == 'm') map(code);
        if (*arguments[1] == 'd') dump(code);
        for (uint64_t end = now() + 300000000; now() < end;) run();
        char path[64];
        snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
        unlink(path);
        return 0;
      }
      """#

    private struct Shown {
      let scratch: Scratch
      let trace: String

      func callAsFunction(_ arguments: String...) throws -> String {
        let child = try ChildProcess(Tools.tracectl, arguments + [trace], in: scratch)
        try child.succeed()
        return child.output
      }
    }

    private static func collect(_ names: String) throws -> Shown {
      let scratch = try Scratch()
      try Data(source.utf8).write(to: URL(fileURLWithPath: scratch.path("p.c")))
      let line = #"gcc -O1 -o p p.c && "$0" collect -providers CPU -o t.etl -- ./p "$1""#
      try ChildProcess(
        "/usr/bin/env",
        ["-C", scratch.path("."), "/bin/bash", "-c", line, Tools.tracectl, names], in: scratch
      ).succeed()
      return Shown(scratch: scratch, trace: scratch.path("t.etl"))
    }

    @Test(arguments: [
      ("image", "p!", #"hot_\xff"#, "hot_\u{10ffff}"),
      ("map", "[jit]!", #"map \xff\xc3("#, "map \u{10ffff}\u{10ffc3}("),
      ("dump", "[jit]!", #"dump_\xe9t\xe9"#, "dump_\u{10ffe9}t\u{10ffe9}"),
    ])
    func namesKeepTheirBytes(kind: String, module: String, text: String, json: String) throws {
      let show = try Self.collect(kind)
      #expect(try show("stacks", "-by-name").contains(module + text))
      #expect(try show("stacks", "-format", "folded").contains(";" + module + text))
      #expect(try show("stacks", "-format", "json").contains("\"name\":\"\(module)\(json)\""))
      #expect(try show("dump", "-event", "SampledProfile").contains("[\(module)\(text)+0x"))
      let csv = try show("dump", "-event", "SampledProfile", "-format", "csv")
      #expect(csv.contains("\(module)\(text)+0x"))
      let lines = try show("dump", "-event", "SampledProfile", "-format", "json")
      #expect(lines.contains("\"function\":\"\(json)\""))
    }

    @Test func theFileHasTheBytes() throws {
      let show = try Self.collect("dump")
      let file = try TraceFile(path: show.trace)
      var filter = ReplayFilter()
      filter.admits = { $0.name == CodeLoad.schema.name }
      let field = try #require(CodeLoad.schema.fields.firstIndex { $0.name == "name" })
      var names: [[UInt8]] = []
      var files: [String] = []
      let replay = Replay(file)
      replay.onAny(where: filter) { event in names.append(Array(event.bytes(field))) }
      replay.on(CodeLines.self) { event, _ in files += event.files }
      try replay.run()
      #expect(names == [[0x64, 0x75, 0x6d, 0x70, 0x5f, 0xe9, 0x74, 0xe9]])
      #expect(files.map(\.osBytes) == [[0x2f, 0x77, 0xfe, 0x2f, 0x73, 0x2e, 0x6a, 0x73]])

      #expect(try show("stacks", "-lines", "-by-name").contains(#"[jit]!dump_\xe9t\xe9  s.js:7"#))
      let lines = try show("dump", "-event", "CodeLines", "-format", "json")
      #expect(lines.contains("[\"/w\u{10fffe}/s.js\"]"))
      let loads = try show("dump", "-event", "CodeLoad", "-format", "json")
      #expect(loads.contains("\"name\":\"dump_\u{10ffe9}t\u{10ffe9}\""))
    }

    /// A pattern matches the bytes that the user types.
    @Test func patternsMatchTheBytes() throws {
      let show = try Self.collect("image")
      func samples(_ pattern: String) throws -> String {
        let line = #""$0" stacks -format folded -include $'"# + pattern + #"' "$1""#
        let child = try ChildProcess(
          "/bin/bash", ["-c", line, Tools.tracectl, show.trace], in: show.scratch)
        _ = try child.wait()
        return child.output
      }
      #expect(try samples(#"hot_\xff"#).contains(#"p!hot_\xff"#))
      #expect(try !samples(#"hot_\xfe"#).contains("hot_"))
    }
  }
}
