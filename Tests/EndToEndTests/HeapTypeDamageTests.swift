import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Names of types from memory that is no metadata.
  @Suite(.needs(.program("clang"))) struct HeapTypeDamageTests {
    private static let sources = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources").path

    /// Whatever the words are, reading them ends, within the buffer, and without a crash.
    @Test func anyWordsAreRead() throws {
      let path = NSTemporaryDirectory() + "heap-damage-\(getpid())"
      try Self.program.write(toFile: path + ".c", atomically: true, encoding: .utf8)
      let code = Self.sources + "/CTraceHeap/"
      try ChildProcess(
        "clang",
        [
          "-O1", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-o", path,
          path + ".c", code + "heap_type_context.c", code + "heap_type_name.c",
        ]
          + ["CTraceHeap", "CTraceHeap/include", "CTracePreload/include", "CTraceShims/include"]
          .map { "-I" + Self.sources + "/" + $0 }
      ).succeed(seconds: 120)
      let child = try ChildProcess(path, isMerged: true)
      try child.succeed(seconds: 120)
      let numbers = HeapProgram.numbers(in: child.output)
      #expect(numbers["written"] == 640_000, "\(child.output)")
      // Some of the words make names, and some names are cut.
      #expect(try #require(numbers["named"]) > 10_000, "\(child.output)")
      #expect(try #require(numbers["longest"]) == 255, "\(child.output)")
    }

    private static let program = """
      #define _GNU_SOURCE
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <sys/mman.h>
      #include "heap.h"
      enum { rounds = 10000, starts = 64, count = 4096 };
      static uint64_t state = 88172645463325252;
      static uint64_t next(void) {
        state ^= state << 13;
        state ^= state >> 7;
        return state ^= state << 17;
      }
      static const uintptr_t kinds[16] = {
        0, 0, 0, 0x200, 0x201, 0x202, 0x203, 0x301, 0x302, 0x303, 0x304, 0x400, 0x500, 0x501,
        0x7ff, 0x800,
      };
      static uintptr_t word(uintptr_t *all) {
        uint64_t x = next(), low = x >> 8, high = x >> 24;
        switch (x % 8) {
        case 0: return kinds[low % 16];
        case 1: case 2: case 3: return (uintptr_t)&all[low % count];
        case 4: return low % 64 | high % 64 << 32;
        case 5: return low % 32 | 0x80 | high % 8192 << 32;
        case 6: return low % 4096 * 2 | high % 4096 << 33;
        default: return x;
        }
      }
      int main(void) {
        // Nothing may be read beyond the last word.
        uintptr_t *all = mmap(NULL, count * 8 + 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED) return 3;
        munmap(all + count, 4096);
        struct { char before, text[TRACE_HEAP_TYPE_BYTES], after; } out = {1, "", 1};
        size_t written = 0, named = 0, longest = 0;
        for (int round = 0; round < rounds; round++) {
          for (int place = 0; place < count; place++) all[place] = word(all);
          for (int start = 0; start < starts; start++) {
            size_t length = heap_write_type(
                (uintptr_t)&all[next() % count], out.text, sizeof out.text);
            written += 1;
            named += length > 0;
            if (length > longest) longest = length;
            if (length >= sizeof out.text || out.before != 1 || out.after != 1) return 4;
          }
          heap_write_type(next(), out.text, sizeof out.text);
        }
        printf("written %zu named %zu longest %zu\\n", written, named, longest);
        return 0;
      }
      """
  }
}
