import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Stacks walked by frame pointers: each ends at its thread's entry function, or is counted as
  /// incomplete.
  @Suite(.needs(.x86, .program("gcc"), .kernelSamples)) struct CutStacksTests {
    /// Every thread of this program keeps frame pointers up to the C library: the main thread,
    /// another thread, a separate context, and a signal handler.
    static let whole = """
      #include <pthread.h>
      #include <signal.h>
      #include <stdlib.h>
      #include <sys/time.h>
      #include <time.h>
      #include <ucontext.h>
      #define APART __attribute__((noinline, noclone))
      static volatile unsigned long sink;
      static double now(void) {
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return t.tv_sec + t.tv_nsec * 1e-9;
      }
      APART void leaf(long n) { for (volatile long i = 0; i < n; i++) {} sink++; }
      APART void work(void) { for (double end = now() + .1; now() < end;) leaf(100000); sink++; }
      static void *thread(void *unused) { work(); sink++; return 0; }
      static ucontext_t home, apart;
      static void context(void) { work(); sink++; }
      static void handler(int unused) { leaf(5000000); sink++; }
      int main(void) {
        pthread_t other;
        pthread_create(&other, 0, thread, 0);
        pthread_join(other, 0);
        getcontext(&apart);
        apart.uc_stack.ss_sp = malloc(1 << 16);
        apart.uc_stack.ss_size = 1 << 16;
        apart.uc_link = &home;
        makecontext(&apart, context, 0);
        swapcontext(&home, &apart);
        signal(SIGALRM, handler);
        struct itimerval often = {{0, 0}, {0, 20000}};
        setitimer(ITIMER_REAL, &often, 0);
        work();
        return 0;
      }
      """

    /// A program without frame pointers.
    static let cut = """
      #include <time.h>
      #define APART __attribute__((noinline, noclone))
      static volatile unsigned long sink;
      APART static void leaf(long n) { for (volatile long i = 0; i < n; i++) {} sink++; }
      APART static void middle(long n) {
        volatile char room[64];
        room[n & 63] = 1;
        leaf(n);
        sink++;
      }
      int main(void) { while (clock() < CLOCKS_PER_SEC / 4) middle(300000); return 0; }
      """

    /// A frame pointer that refers to itself, next to a valid return address of a call of another
    /// function.
    static let circle = """
      #include <time.h>
      void spin(long n);
      __asm__(
        ".data\\n.p2align 3\\ncircle: .quad circle, after\\n.text\\n"
        ".type other,@function\\nother: .cfi_startproc\\n ret\\n.cfi_endproc\\n"
        ".type elsewhere,@function\\nelsewhere: .cfi_startproc\\n call other\\nafter: ret\\n"
        ".cfi_endproc\\n"
        ".globl spin\\n.type spin,@function\\nspin: .cfi_startproc\\n push %rbp\\n"
        " lea circle(%rip), %rbp\\n1: dec %rdi\\n jne 1b\\n pop %rbp\\n ret\\n.cfi_endproc\\n");
      int main(void) { while (clock() < CLOCKS_PER_SEC / 4) spin(1000000); return 0; }
      """

    static let recursion = """
      #include <time.h>
      static volatile unsigned long sink;
      __attribute__((noinline, noclone)) static int descend(int depth) {
        if (depth == 0) { for (volatile long i = 0; i < 1000000; i++) {} return 1; }
        return descend(depth - 1) + (int)(sink & 1);
      }
      int main(void) { while (clock() < CLOCKS_PER_SEC / 4) sink += descend(400); return 0; }
      """

    /// The result of a collection.
    struct Outcome {
      var count = 0
      var cut = 0
      var framesMax = 0
      var said = ""
      var shown = ""
      var counted = ""
    }

    private func collect(_ source: String, _ options: [String]) throws -> Outcome {
      let scratch = try Scratch()
      let (program, trace) = (scratch.path("program"), scratch.path("program.etl"))
      let text = fopen(program + ".c", "w")
      fputs(source, text)
      fclose(text)
      try ChildProcess(
        UnwindTests.compiler!, ["-O1"] + options + ["-o", program, program + ".c", "-pthread"],
        in: scratch
      ).succeed()
      let collection = try ChildProcess(
        Tools.tracectl, ["collect", "-providers", "CPU", "-o", trace, "--", program], in: scratch)
      try collection.succeed()
      var outcome = Outcome(said: collection.output)
      let file = try TraceFile(path: trace)
      let replay = Replay(file)
      replay.on(SampledProfile.self) { _, header in
        let stack = file.stack(header.stack)
        outcome.count += 1
        if stack.last == StackNode.lostAddress { outcome.cut += 1 }
        outcome.framesMax = max(outcome.framesMax, stack.count)
      }
      try replay.run()
      let view = try ChildProcess(Tools.tracectl, ["stacks", trace], in: scratch)
      try view.succeed()
      outcome.shown = view.output
      let table = try ChildProcess(
        Tools.tracectl, ["symbols", trace, "-format", "json"], in: scratch)
      try table.succeed()
      outcome.counted = table.output
      return outcome
    }

    @Test(arguments: [["-fno-omit-frame-pointer"], ["-fno-omit-frame-pointer", "-static"]])
    func whatEndsAtAnEntryIsWhole(_ options: [String]) throws {
      let outcome = try collect(Self.whole, options)
      #expect(outcome.count >= 100, "\(outcome.said)")
      // The dynamic linker before main and the C library have no frame pointers.
      #expect(outcome.cut * 20 <= outcome.count, "\(outcome.shown)")
    }

    @Test func withoutFramePointersEveryStackIsCut() throws {
      let outcome = try collect(Self.cut, ["-fomit-frame-pointer"])
      #expect(outcome.count >= 100, "\(outcome.said)")
      #expect(outcome.cut * 100 >= outcome.count * 98, "\(outcome.shown)")
      #expect(outcome.said.contains("\(outcome.cut) of "), "\(outcome.said)")
      #expect(outcome.said.contains("-unwind dwarf"))
      #expect(outcome.shown.contains("\n  cut "))
      #expect(outcome.shown.contains("[callers lost]"))
      #expect(outcome.counted.contains(#""callersLost":\#(outcome.cut),"#), "\(outcome.counted)")
    }

    @Test func aCircleOfFramePointersIsNoDepth() throws {
      let outcome = try collect(Self.circle, ["-fomit-frame-pointer"])
      #expect(outcome.count >= 100, "\(outcome.said)")
      #expect(outcome.framesMax < 100)
      #expect(!outcome.said.contains("perf_event_max_stack"), "\(outcome.said)")
      #expect(outcome.cut * 100 >= outcome.count * 95)
    }

    @Test func deepRecursionIsDepth() throws {
      let outcome = try collect(
        Self.recursion, ["-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"])
      #expect(outcome.count >= 100, "\(outcome.said)")
      #expect(outcome.framesMax > 100)
      #expect(outcome.said.contains("perf_event_max_stack"), "\(outcome.said)")
    }
  }
}
