import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Stacks of a C program without frame pointers, some of whose callers are in the C library.
  @Suite struct UnwindTests {
    static let compiler: String? = ["/usr/bin/gcc", "/usr/bin/cc"].first {
      access($0 as String, X_OK) == 0
    }
    /// main → descend × depth, then sorts → qsort → compare, and lengths → strlen; for a second of
    /// CPU time.
    static let source = """
      #include <stdint.h>
      #include <stdlib.h>
      #include <string.h>
      #include <time.h>
      #define APART __attribute__((noinline, noclone))
      static volatile uint64_t sink;
      static uint32_t numbers[2048];
      static char text[1 << 14];
      APART static int compare(const void *a, const void *b) {
        for (int i = 0; i < 30; i++) sink += i;
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return x < y ? -1 : x > y;
      }
      APART static void sorts(void) {
        for (int i = 0; i < 2048; i++) numbers[i] = (uint32_t)i * 2654435761u;
        qsort(numbers, 2048, sizeof *numbers, compare);
        sink += numbers[3];
      }
      APART static void lengths(void) { for (int i = 0; i < 3000; i++) sink += strlen(text); }
      APART static int descend(int depth) {
        volatile char room[64];
        room[depth & 63] = 1;
        if (depth == 0) { sorts(); lengths(); return 1; }
        return descend(depth - 1) + room[depth & 63];
      }
      int main(int count, char **words) {
        memset(text, 'x', sizeof text - 1);
        int depth = count > 1 ? atoi(words[1]) : 5;
        while (clock() < CLOCKS_PER_SEC) sink += descend(depth);
      }
      """

    /// A sample's functions, innermost first, and whether outer callers are missing.
    struct Stack {
      var functions: [String]
      var isCut: Bool
    }

    func stacks(
      depth: Int, options: [String], in scratch: Scratch
    ) throws -> (stacks: [Stack], said: String) {
      let (program, trace) = (scratch.path("deep"), scratch.path("deep.etl"))
      let file = fopen(program + ".c", "w")
      fputs(Self.source, file)
      fclose(file)
      try ChildProcess(
        Self.compiler!, ["-O2", "-fomit-frame-pointer", "-o", program, program + ".c"], in: scratch
      ).succeed()
      let collection = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU"] + options + ["-o", trace, "--", program, "\(depth)"],
        in: scratch)
      try collection.succeed()
      return (try read(TraceFile(path: trace)), collection.output)
    }

    private func read(_ file: TraceFile) throws -> [Stack] {
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      var stacks: [Stack] = []
      let replay = Replay(file)
      replay.on(SampledProfile.self) { _, header in
        let addresses = file.stack(header.stack)
        var stack = Stack(functions: [], isCut: addresses.last == StackNode.lostAddress)
        for (index, address) in addresses.enumerated() where address >> 63 == 0 {
          let isCaller = index > 0 && addresses[index - 1] >> 63 == 0
          let found = symbolizer.resolve(
            pid: header.pid, address: address, at: header.timestamp, isCaller: isCaller)
          if case .symbol(let id, _, _) = found {
            stack.functions.append(symbolizer.symbol(id).name)
          } else {
            stack.functions.append("?")
          }
        }
        stacks.append(stack)
      }
      try replay.run()
      return stacks
    }

    /// The program's functions, without the C library's.
    private func own(_ stack: Stack) -> [String] {
      stack.functions.filter { ["compare", "sorts", "lengths", "descend", "main"].contains($0) }
    }

    @Test(.needs(.x86, .program("gcc"), .kernelSamples)) func callersAreFoundThroughTheLibrary()
      throws
    {
      let (stacks, said) = try stacks(depth: 5, options: ["-unwind", "dwarf"], in: Scratch())
      #expect(stacks.count >= 100, "\(said)")
      let callers = [String](repeating: "descend", count: 6) + ["main"]
      var inLibrary = 0
      var inCallback = 0
      var others: [[String]] = []
      for stack in stacks {
        if own(stack) == ["compare", "sorts"] + callers {
          inCallback += 1
          // The C library called back, so its functions are between the program's.
          #expect(stack.functions.count > callers.count + 3, "\(stack.functions)")
        } else if [["sorts"] + callers, ["lengths"] + callers].contains(own(stack)) {
          inLibrary += 1
        } else {
          others.append(stack.functions)
        }
      }
      #expect(inCallback >= 30)
      #expect(inLibrary >= 10)
      // Other samples are in the dynamic linker before main, in the loops in main, and during the
      // descent.
      #expect(others.count * 20 <= stacks.count, "\(others.prefix(5))")
      #expect(stacks.count { $0.isCut } * 50 <= stacks.count)
    }

    @Test(.needs(.x86, .program("gcc"), .kernelSamples)) func aStackDeeperThanTheCopyIsCut() throws
    {
      let scratch = try Scratch()
      let (stacks, said) = try stacks(
        depth: 200, options: ["-unwind", "dwarf:4096"], in: scratch)
      let deep = stacks.filter { own($0).contains("descend") }
      #expect(deep.count >= 100)
      #expect(deep.count { $0.isCut } * 20 >= deep.count * 19)
      // At the deepest point only; during the descent, the copy may end just after main.
      let deepest = deep.filter { !Set(own($0)).isDisjoint(with: ["sorts", "lengths"]) }
      #expect(deepest.allSatisfy { $0.isCut && !$0.functions.contains("main") })
      // Frames within the copy are present.
      #expect(deep.count { own($0).count >= 20 } * 20 >= deep.count * 19)
      #expect(said.contains("deeper than the 4096 bytes"), "\(said)")
      let view = try ChildProcess(
        Tools.tracectl, ["stacks", scratch.path("deep.etl")], in: scratch)
      try view.succeed()
      #expect(view.output.contains("callers lost"))
      #expect(view.output.contains("\n  cut "))
    }

    /// Frame pointers yield fewer callers, but none outside code.
    @Test(.needs(.x86, .program("gcc"), .kernelSamples)) func byFramePointersNoCallerIsMadeUp()
      throws
    {
      let (stacks, _) = try stacks(depth: 5, options: [], in: Scratch())
      #expect(stacks.count >= 100)
      let strange = stacks.filter { $0.functions.dropFirst().contains("?") }
      #expect(strange.isEmpty, "\(strange.prefix(3))")
    }
  }
}
