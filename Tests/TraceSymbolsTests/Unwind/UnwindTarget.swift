import Foundation
import Glibc
import TestSupport
import Testing

/// A C program that spends its time at known depths, in code without frame pointers.
///
/// Chains: main → recurse × depth → one of qsort → compare, strlen, alloca and a big frame,
/// a signal handler, the vDSO, a system call, and a function called through the PLT.
final class UnwindTarget {
  static let source = """
    #define _GNU_SOURCE
    #include <alloca.h>
    #include <signal.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <time.h>
    #include <unistd.h>
    #define NOINLINE __attribute__((noinline, noclone))
    static volatile uint64_t sink;
    static char text[1 << 14];
    static uint32_t numbers[256];
    NOINLINE static int compare(const void *a, const void *b) {
      for (int i = 0; i < 20; i++) sink += i;
      uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
      return x < y ? -1 : x > y;
    }
    NOINLINE static void sorts(void) {
      for (int i = 0; i < 256; i++) numbers[i] = (uint32_t)i * 2654435761u;
      qsort(numbers, 256, sizeof *numbers, compare);
      sink += numbers[3];
    }
    NOINLINE static void lengths(void) { for (int i = 0; i < 50; i++) sink += strlen(text); }
    NOINLINE static uint64_t dynamic(int count) {
      volatile char *room = alloca((size_t)count);
      for (int i = 0; i < count; i++) room[i] = (char)i;
      sorts();
      return (uint64_t)room[count - 1];
    }
    NOINLINE static uint64_t big(int count) {
      volatile char room[3000];
      for (int i = 0; i < 3000; i++) room[i] = (char)(i + count);
      lengths();
      return (uint64_t)room[count];
    }
    NOINLINE static void handler(int number) {
      (void)number;
      for (int i = 0; i < 20000; i++) sink += i;
      lengths();
    }
    NOINLINE static void signals(void) { raise(SIGUSR1); kill(getpid(), SIGUSR2); }
    NOINLINE static void clocks(void) {
      struct timespec now;
      for (int i = 0; i < 300; i++) { clock_gettime(CLOCK_MONOTONIC, &now); sink += now.tv_nsec; }
    }
    NOINLINE static void allocations(void) {
      void *rooms[64];
      for (int i = 0; i < 64; i++) rooms[i] = malloc(16 + i * 40);
      for (int i = 0; i < 64; i++) free(rooms[i]);
    }
    NOINLINE static void calls(void) { for (int i = 0; i < 100; i++) sink += getppid(); }
    NOINLINE static void spin(int kind) {
      switch (kind % 8) {
      case 0: sorts(); break;
      case 1: lengths(); break;
      case 2: sink += dynamic(100 + kind); break;
      case 3: sink += big(kind); break;
      case 4: signals(); break;
      case 5: clocks(); break;
      case 6: allocations(); break;
      default: calls(); break;
      }
    }
    NOINLINE static int recurse(int depth, int kind) {
      if (depth == 0) { spin(kind); return 1; }
      return recurse(depth - 1, kind) + depth;
    }
    int main(void) {
      // Ends the process if the test does not.
      alarm(300);
      memset(text, 'x', sizeof text - 1);
      static char other[1 << 16];
      stack_t alternate = {.ss_sp = other, .ss_size = sizeof other};
      sigaltstack(&alternate, 0);
      struct sigaction action = {.sa_handler = handler};
      sigaction(SIGUSR1, &action, 0);
      sigaction(SIGUSR2, &action, 0);
      puts("ready");
      fflush(stdout);
      for (int kind = 0;; kind = (kind + 1) & 63) sink += recurse(kind % 23, kind);
    }
    """

  private let directory = TemporaryDirectory()
  private let process: ChildProcess

  /// Compiles and starts the program; returns when it runs.
  init(flags: [String]) throws {
    let executable = directory.path + "/target"
    let source = executable + ".c"
    try Self.source.write(toFile: source, atomically: false, encoding: .utf8)
    try ChildProcess("/usr/bin/cc", flags + ["-o", executable, source]).succeed()
    let process = try ChildProcess(executable)
    self.process = process
    self.executable = executable
    try waitUntil("the target runs: \(process.errors)") { process.output.contains("ready") }
  }

  let executable: String
  var processID: pid_t { process.pid }
}
